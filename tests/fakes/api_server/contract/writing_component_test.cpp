// Creating, updating, patching, deleting. See cluster.h for what this is run against.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/contract/cluster.h"

namespace fakes::api_server::contract {
namespace {

TEST_F(Contract, AnObjectGetsItsIdentityFromTheServer) {
  const Reply created = call("POST", widgets(), widget("a", {{"owner", "ann"}}));
  ASSERT_EQ(created.status, 201) << created.message();
  const Json& metadata = created.body["metadata"];
  EXPECT_EQ(metadata["uid"].get<std::string>().size(), 36u);
  EXPECT_EQ(metadata["generation"], 1);
  EXPECT_FALSE(metadata["creationTimestamp"].get<std::string>().empty());
  EXPECT_FALSE(created.version().empty());
}

TEST_F(Contract, GenerateNameIsCompleted) {
  Json object = config_map("");
  object["metadata"] = {{"generateName", "some-"}};
  const Reply created = call("POST", core("/configmaps"), object);
  const std::string name = created.body["metadata"]["name"];
  EXPECT_TRUE(name.starts_with("some-")) << name;
  EXPECT_GT(name.size(), 5u);
}

TEST_F(Contract, ASecondCreateIsRefusedAsAlreadyExisting) {
  call("POST", core("/configmaps"), config_map("a"));
  const Reply second = call("POST", core("/configmaps"), config_map("a"));
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(second.reason(), "AlreadyExists");
}

TEST_F(Contract, AMissingNamespaceIsNotFound) {
  Json object = config_map("a");
  object["metadata"].erase("namespace");
  const Reply refused = call("POST", "/api/v1/namespaces/no-such-place/configmaps", object);
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.body["details"]["kind"], "namespaces");
}

TEST_F(Contract, ABadNameIsInvalid) {
  const Reply refused = call("POST", core("/configmaps"), config_map("Not_A_Name"));
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.body["details"]["causes"][0]["field"], "metadata.name");
}

TEST_F(Contract, AStaleUpdateIsAConflict) {
  Json object = call("POST", core("/configmaps"), config_map("a", {{"x", "1"}})).body;
  object["data"]["x"] = "2";
  EXPECT_EQ(call("PUT", core("/configmaps/a"), object).status, 200);
  object["data"]["x"] = "3";
  const Reply stale = call("PUT", core("/configmaps/a"), object);
  EXPECT_EQ(stale.status, 409);
  EXPECT_EQ(stale.reason(), "Conflict");
  EXPECT_EQ(call("GET", core("/configmaps/a")).body["data"]["x"], "2");
}

TEST_F(Contract, ACustomObjectIsNotUpdatedWithoutItsVersion) {
  call("POST", widgets(), widget("a", {{"owner", "ann"}}));
  const Reply refused = call("PUT", widgets("/a"), widget("a", {{"owner", "ann"}}));
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.body["details"]["causes"][0]["field"], "metadata.resourceVersion");
}

TEST_F(Contract, AWriteThatChangesNothingMakesNoVersion) {
  const Reply created = call("POST", core("/configmaps"), config_map("a", {{"x", "1"}}));
  const Reply same = call("PATCH", core("/configmaps/a"), {{"data", {{"x", "1"}}}},
                          "application/merge-patch+json");
  EXPECT_EQ(same.version(), created.version());
}

TEST_F(Contract, StatusIsWrittenThroughItsSubresourceOnly) {
  Json object = widget("a", {{"owner", "ann"}});
  object["status"] = {{"phase", "Early"}};
  object = call("POST", widgets(), object).body;
  EXPECT_FALSE(object.contains("status"));

  object["status"] = {{"phase", "Wrong"}};
  object["spec"]["size"] = 2;
  object = call("PUT", widgets("/a"), object).body;
  EXPECT_FALSE(object.contains("status"));
  EXPECT_EQ(object["metadata"]["generation"], 2);

  object["status"] = {{"phase", "Right"}};
  object["spec"]["size"] = 99;
  object["metadata"]["labels"] = {{"not", "kept"}};
  object = call("PUT", widgets("/a/status"), object).body;
  EXPECT_EQ(object["status"]["phase"], "Right");
  EXPECT_EQ(object["spec"]["size"], 2);
  EXPECT_EQ(object["metadata"]["generation"], 2);
  EXPECT_FALSE(object["metadata"].contains("labels"));
}

TEST_F(Contract, GenerationCountsTheSpecOnly) {
  call("POST", widgets(), widget("a", {{"owner", "ann"}}));
  const Reply labelled = call("PATCH", widgets("/a"), {{"metadata", {{"labels", {{"x", "y"}}}}}},
                              "application/merge-patch+json");
  EXPECT_EQ(labelled.body["metadata"]["generation"], 1);
}

TEST_F(Contract, JsonPatchTestsBeforeItWrites) {
  call("POST", core("/configmaps"), config_map("a", {{"x", "1"}}));
  const auto patch = [&](const char* expected) {
    return call("PATCH", core("/configmaps/a"),
                {{{"op", "test"}, {"path", "/data/x"}, {"value", expected}},
                 {{"op", "replace"}, {"path", "/data/x"}, {"value", "2"}}},
                "application/json-patch+json");
  };
  EXPECT_EQ(patch("other").status, 422);
  EXPECT_EQ(patch("1").body["data"]["x"], "2");
}

TEST_F(Contract, StrategicMergeIsForBuiltinKindsAlone) {
  const Json service = {{"apiVersion", "v1"},
                        {"kind", "Service"},
                        {"metadata", {{"name", "web"}}},
                        {"spec", {{"ports", {{{"name", "http"}, {"port", 80}}}}}}};
  ASSERT_EQ(call("POST", core("/services"), service).status, 201);
  const Reply patched = call("PATCH", core("/services/web"),
                             {{"spec", {{"ports", {{{"name", "https"}, {"port", 443}}}}}}},
                             "application/strategic-merge-patch+json");
  EXPECT_EQ(patched.body["spec"]["ports"].size(), 2u);
  call("POST", widgets(), widget("a", {{"owner", "ann"}}));
  const Reply refused = call("PATCH", widgets("/a"), {{"spec", {{"size", 3}}}},
                             "application/strategic-merge-patch+json");
  EXPECT_EQ(refused.status, 415);
}

TEST_F(Contract, ADryRunLeavesNoTrace) {
  const Reply tried = call("POST", core("/configmaps?dryRun=All"), config_map("a"));
  EXPECT_EQ(tried.status, 201);
  EXPECT_EQ(call("GET", core("/configmaps/a")).status, 404);
}

TEST_F(Contract, ADeleteKeepsItsPreconditions) {
  const Reply created = call("POST", core("/configmaps"), config_map("a"));
  const auto remove = [&](const std::string& uid) {
    return call(
        "DELETE", core("/configmaps/a"),
        {{"kind", "DeleteOptions"}, {"apiVersion", "v1"}, {"preconditions", {{"uid", uid}}}});
  };
  EXPECT_EQ(remove("another").status, 409);
  EXPECT_EQ(remove(created.body["metadata"]["uid"]).status, 200);
  EXPECT_EQ(call("GET", core("/configmaps/a")).status, 404);
}

TEST_F(Contract, AFinalizerHoldsADeletedObject) {
  Json object = config_map("a");
  object["metadata"]["finalizers"] = {"gatehouse.dev/hold"};
  call("POST", core("/configmaps"), object);
  EXPECT_EQ(call("DELETE", core("/configmaps/a")).status, 200);
  const Reply held = call("GET", core("/configmaps/a"));
  ASSERT_EQ(held.status, 200);
  EXPECT_TRUE(held.body["metadata"].contains("deletionTimestamp"));
  call("PATCH", core("/configmaps/a"), {{"metadata", {{"finalizers", nullptr}}}},
       "application/merge-patch+json");
  EXPECT_EQ(call("GET", core("/configmaps/a")).status, 404);
}

TEST_F(Contract, DependentsGoWithTheirOwner) {
  const Reply owner = call("POST", core("/configmaps"), config_map("owner"));
  Json dependent = config_map("dependent");
  dependent["metadata"]["ownerReferences"] = {{{"apiVersion", "v1"},
                                               {"kind", "ConfigMap"},
                                               {"name", "owner"},
                                               {"uid", owner.body["metadata"]["uid"]}}};
  ASSERT_EQ(call("POST", core("/configmaps"), dependent).status, 201);
  const std::string from = call("GET", core("/configmaps")).version();
  Watch watch(core("/configmaps?watch=true&fieldSelector=metadata.name%3Ddependent"
                   "&resourceVersion=") +
              from);
  call("DELETE", core("/configmaps/owner?propagationPolicy=Background"));
  const auto event = watch.next_change();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, "DELETED");
}

TEST_F(Contract, ATlsSecretNeedsBothKeysAndASecretKeepsItsType) {
  Json secret = {{"apiVersion", "v1"},
                 {"kind", "Secret"},
                 {"metadata", {{"name", "tls"}}},
                 {"type", "kubernetes.io/tls"},
                 {"data", {{"tls.crt", "eA=="}}}};
  const Reply refused = call("POST", core("/secrets"), secret);
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.body["details"]["causes"][0]["field"], "data[tls.key]");
  secret["data"]["tls.key"] = "eQ==";
  EXPECT_EQ(call("POST", core("/secrets"), secret).status, 201);
  const Reply changed =
      call("PATCH", core("/secrets/tls"), {{"type", "Opaque"}}, "application/merge-patch+json");
  EXPECT_EQ(changed.status, 422);
}

TEST_F(Contract, ASecretsDataIsBase64) {
  const Json secret = {{"apiVersion", "v1"},
                       {"kind", "Secret"},
                       {"metadata", {{"name", "bad"}}},
                       {"data", {{"x", "not base64!"}}}};
  EXPECT_EQ(call("POST", core("/secrets"), secret).status, 400);
}

TEST_F(Contract, AnIngressNeedsPathTypesAndBackends) {
  const std::string ingresses = "/apis/networking.k8s.io/v1/namespaces/" + ns_ + "/ingresses";
  const Json backend = {{"service", {{"name", "web"}, {"port", {{"number", 80}}}}}};
  const auto ingress = [&](const Json& path) {
    return Json{{"apiVersion", "networking.k8s.io/v1"},
                {"kind", "Ingress"},
                {"metadata", {{"name", "www"}}},
                {"spec", {{"rules", {{{"host", "a.example"}, {"http", {{"paths", {path}}}}}}}}}};
  };
  EXPECT_EQ(call("POST", ingresses, ingress({{"path", "/"}, {"backend", backend}})).status, 422);
  EXPECT_EQ(call("POST", ingresses,
                 ingress({{"path", "/"}, {"pathType", "Prefix"}, {"backend", Json::object()}}))
                .status,
            422);
  EXPECT_EQ(call("POST", ingresses,
                 ingress({{"path", "/"}, {"pathType", "Prefix"}, {"backend", backend}}))
                .status,
            201);
}

TEST_F(Contract, ALeaseIsUpdatedByItsVersionAlone) {
  const std::string leases = "/apis/coordination.k8s.io/v1/namespaces/" + ns_ + "/leases";
  const std::string at = "2026-01-02T03:04:05.123456Z";
  Json lease = {
      {"apiVersion", "coordination.k8s.io/v1"},
      {"kind", "Lease"},
      {"metadata", {{"name", "leader"}}},
      {"spec", {{"holderIdentity", "one"}, {"leaseDurationSeconds", 15}, {"renewTime", at}}}};
  lease = call("POST", leases, lease).body;
  EXPECT_EQ(lease["spec"]["renewTime"], at);
  Json other = lease;
  lease["spec"]["holderIdentity"] = "two";
  EXPECT_EQ(call("PUT", leases + "/leader", lease).status, 200);
  other["spec"]["holderIdentity"] = "three";
  EXPECT_EQ(call("PUT", leases + "/leader", other).status, 409);
  other["spec"]["leaseDurationSeconds"] = 0;
  other["metadata"]["resourceVersion"] =
      call("GET", leases + "/leader").body["metadata"]["resourceVersion"];
  EXPECT_EQ(call("PUT", leases + "/leader", other).status, 422);
}

TEST_F(Contract, AnEventIsSeenInBothGroups) {
  const std::string events = "/apis/events.k8s.io/v1/namespaces/" + ns_ + "/events";
  Json event = {{"apiVersion", "events.k8s.io/v1"},
                {"kind", "Event"},
                {"metadata", {{"name", "e.1"}}},
                {"eventTime", "2026-01-02T03:04:05.123456Z"},
                {"reportingController", "gatehouse.dev/operator"},
                {"reportingInstance", "gatehouse-operator-0"},
                {"action", "Issue"},
                {"reason", "Issued"},
                {"type", "Normal"},
                {"note", "The certificate was issued"},
                {"regarding", {{"kind", "Widget"}, {"name", "a"}, {"namespace", ns_}}}};
  const Reply created = call("POST", events, event);
  ASSERT_EQ(created.status, 201) << created.message();
  const Reply seen = call("GET", core("/events?fieldSelector=involvedObject.name%3Da"));
  ASSERT_EQ(seen.body["items"].size(), 1u);
  EXPECT_EQ(seen.body["items"][0]["message"], "The certificate was issued");
  EXPECT_EQ(seen.body["items"][0]["reportingComponent"], "gatehouse.dev/operator");
  event["metadata"]["name"] = "e.2";
  event.erase("action");
  EXPECT_EQ(call("POST", events, event).status, 422);
}

Json token_review(const std::string& token, const char* audience) {
  return {{"apiVersion", "authentication.k8s.io/v1"},
          {"kind", "TokenReview"},
          {"spec", {{"token", token}, {"audiences", {audience}}}}};
}

TEST_F(Contract, ATokenOfAServiceAccountIsGoodForItsAudienceOnly) {
  const std::string reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
  const Json account = {
      {"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", {{"name", "edge"}}}};
  const Reply created = call("POST", core("/serviceaccounts"), account);
  ASSERT_EQ(created.status, 201);
  const Json request = {{"apiVersion", "authentication.k8s.io/v1"},
                        {"kind", "TokenRequest"},
                        {"spec", {{"audiences", {"gatehouse-control"}}}}};
  const Reply issued = call("POST", core("/serviceaccounts/edge/token"), request);
  ASSERT_EQ(issued.status, 201);
  EXPECT_EQ(issued.body["kind"], "TokenRequest");
  EXPECT_FALSE(issued.body["status"].value("expirationTimestamp", "").empty());
  const std::string token = issued.body["status"].value("token", "");

  const Reply good = call("POST", reviews, token_review(token, "gatehouse-control"));
  ASSERT_EQ(good.status, 201);
  EXPECT_EQ(good.body["status"]["authenticated"], true);
  EXPECT_EQ(good.body["status"]["user"]["username"], "system:serviceaccount:" + ns_ + ":edge");
  EXPECT_EQ(good.body["status"]["user"]["uid"], created.body["metadata"]["uid"]);
  EXPECT_EQ(good.body["status"]["audiences"], Json::array({"gatehouse-control"}));

  const Reply other = call("POST", reviews, token_review(token, "somebody-else"));
  EXPECT_EQ(other.status, 201);
  EXPECT_FALSE(other.body["status"].value("authenticated", false));
  EXPECT_FALSE(other.body["status"].value("error", "").empty());

  const auto refused = cluster().with_token(token).send("GET", "/api/v1/namespaces");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 401) << "it is not for the API server itself";

  EXPECT_EQ(call("POST", core("/serviceaccounts/nobody/token"), request).status, 404);
}

TEST_F(Contract, AnUnknownTokenIsReviewedAsNobody) {
  const Reply reviewed =
      call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", token_review("nobody", "some"));
  EXPECT_EQ(reviewed.status, 201);
  EXPECT_FALSE(reviewed.body["status"].value("authenticated", false));
  EXPECT_FALSE(reviewed.body["status"].value("error", "").empty());
}

}  // namespace
}  // namespace fakes::api_server::contract
