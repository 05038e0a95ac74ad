#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "base/pem.h"
#include "kube/resources/endpoint_slice.h"
#include "kube/resources/event.h"
#include "kube/resources/ingress.h"
#include "kube/resources/ingress_class.h"
#include "kube/resources/lease.h"
#include "kube/resources/namespace.h"
#include "kube/resources/secret.h"
#include "kube/resources/service.h"

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace {

template <class T>
T parsed(const char* text) {
  auto value = T::from_json(json::parse(text));
  EXPECT_TRUE(value) << value.error().message;
  return value ? *value : T();
}

template <class T>
std::string complaint(const char* text) {
  const auto value = T::from_json(json::parse(text));
  EXPECT_FALSE(value);
  if (value) return {};
  EXPECT_EQ(value.error().kind, base::ErrorKind::invalid);
  return value.error().message;
}

// Their names are kept, since a class may refuse them.
TEST(Ingress, KeepsNoLabelsAndNothingThatToolsNoteDown) {
  const auto ingress = parsed<kube::Ingress>(R"({
    "metadata": {"name": "web", "namespace": "shop",
      "labels": {"app.kubernetes.io/name": "web"},
      "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop",
                      "argocd.argoproj.io/tracking-id": "web:networking.k8s.io/Ingress:shop/web",
                      "kapp.k14s.io/original": "{}", "objectset.rio.cattle.io/applied": "H4sI",
                      "field.cattle.io/publicEndpoints": "[]",
                      "cert-manager.io/cluster-issuer": "le"}}})");
  EXPECT_TRUE(ingress.metadata.labels.empty());
  EXPECT_THAT(ingress.metadata.annotations,
              ElementsAre(testing::Pair("argocd.argoproj.io/tracking-id", ""),
                          testing::Pair("cert-manager.io/cluster-issuer", "le"),
                          testing::Pair("field.cattle.io/publicEndpoints", ""),
                          testing::Pair("kapp.k14s.io/original", ""),
                          testing::Pair("meta.helm.sh/release-name", ""),
                          testing::Pair("meta.helm.sh/release-namespace", ""),
                          testing::Pair("objectset.rio.cattle.io/applied", "")));
}

// Some tools write down the whole object once more.
TEST(Ingress, HasNoRoomForWhatToolsNoteDown) {
  const json object = {
      {"metadata",
       {{"name", "web"}, {"annotations", {{"kapp.k14s.io/original", std::string(4096, 'x')}}}}}};
  const auto ingress = kube::Ingress::from_json(object);
  ASSERT_TRUE(ingress) << ingress.error().message;
  EXPECT_LT(ingress->metadata.annotations.at("kapp.k14s.io/original").capacity(), 64u);
}

// Of ten thousand Ingresses many have some.
TEST(Ingress, HasNoRoomForMoreRulesThanThereAre) {
  json object = {{"metadata", {{"name", "web"}}}, {"spec", {{"rules", json::array()}}}};
  for (int i = 0; i < 5; ++i) {
    const json path = {{"path", "/" + std::to_string(i)}};
    const json http = {{"paths", json::array({path, path, path, path, path})}};
    object["spec"]["rules"].push_back({{"host", "a.example"}, {"http", http}});
  }
  const auto ingress = kube::Ingress::from_json(object);
  ASSERT_TRUE(ingress) << ingress.error().message;
  ASSERT_EQ(ingress->rules.size(), 5u);
  EXPECT_EQ(ingress->rules.capacity(), 5u);
  ASSERT_EQ(ingress->rules[0].paths.size(), 5u);
  EXPECT_EQ(ingress->rules[0].paths.capacity(), 5u);
}

TEST(Ingress, ReadsRulesBackendsTlsAndStatus) {
  const auto ingress = parsed<kube::Ingress>(R"({
    "metadata":{"name":"www","namespace":"shop"},
    "spec":{
      "ingressClassName":"gatehouse",
      "defaultBackend":{"resource":{"apiGroup":"k8s.example.com","kind":"Bucket","name":"static"}},
      "tls":[{"hosts":["shop.example"],"secretName":"shop-tls"},{}],
      "rules":[
        {"host":"shop.example","http":{"paths":[
          {"path":"/api","pathType":"Prefix",
           "backend":{"service":{"name":"api","port":{"number":8080}}}},
          {"path":"/exact","pathType":"Exact",
           "backend":{"service":{"name":"web","port":{"name":"http"}}}},
          {"pathType":"ImplementationSpecific",
           "backend":{"service":{"name":"web","port":{"number":80}}}}]}},
        {"host":"only-a-host.example"}],
      "someFutureField":{"a":1}},
    "status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1","ports":[]},{"hostname":"lb.example"}]}}
  })");
  EXPECT_EQ(ingress.ingress_class_name, "gatehouse");
  ASSERT_TRUE(ingress.default_backend);
  EXPECT_EQ(ingress.default_backend->resource,
            (kube::IngressResourceBackend{"k8s.example.com", "Bucket", "static"}));
  EXPECT_FALSE(ingress.default_backend->service);
  EXPECT_THAT(ingress.tls,
              ElementsAre(kube::IngressTls{{"shop.example"}, "shop-tls"}, kube::IngressTls{}));
  ASSERT_EQ(ingress.rules.size(), 2u);
  EXPECT_EQ(ingress.rules[0].host, "shop.example");
  EXPECT_THAT(
      ingress.rules[0].paths,
      ElementsAre(kube::IngressPath{"/api",
                                    kube::PathType::prefix,
                                    {kube::IngressServiceBackend{"api", "", 8080}, std::nullopt}},
                  kube::IngressPath{"/exact",
                                    kube::PathType::exact,
                                    {kube::IngressServiceBackend{"web", "http", 0}, std::nullopt}},
                  kube::IngressPath{"",
                                    kube::PathType::implementation_specific,
                                    {kube::IngressServiceBackend{"web", "", 80}, std::nullopt}}));
  EXPECT_TRUE(ingress.rules[1].paths.empty());
  EXPECT_THAT(ingress.load_balancer, ElementsAre(kube::LoadBalancerAddress{"192.0.2.1", ""},
                                                 kube::LoadBalancerAddress{"", "lb.example"}));
  EXPECT_EQ(kube::load_balancer_to_json(ingress.load_balancer),
            json::parse(R"([{"ip":"192.0.2.1"},{"hostname":"lb.example"}])"));
}

TEST(Ingress, AnEmptySpecIsAnIngressWithoutRules) {
  const auto ingress = parsed<kube::Ingress>(R"({"metadata":{"name":"a"}})");
  EXPECT_EQ(ingress.ingress_class_name, std::nullopt);
  EXPECT_EQ(ingress.default_backend, std::nullopt);
  EXPECT_TRUE(ingress.rules.empty());
}

TEST(Ingress, AWrongTypeIsNamedWithObjectAndPath) {
  EXPECT_EQ(complaint<kube::Ingress>(R"({"metadata":{"name":"www","namespace":"shop"},
              "spec":{"rules":[{"host":7}]}})"),
            "Ingress shop/www: spec.rules[0].host must be a string");
  EXPECT_EQ(complaint<kube::Ingress>(R"({"metadata":{"name":"www","namespace":"shop"},
              "spec":{"rules":[{"http":{"paths":[{"pathType":"Regex"}]}}]}})"),
            "Ingress shop/www: spec.rules[0].http.paths[0].pathType must be Exact, Prefix or "
            "ImplementationSpecific");
  EXPECT_EQ(complaint<kube::Ingress>(R"({"metadata":{"name":"www","namespace":"shop"},
              "spec":{"defaultBackend":{"service":{"port":{"number":65536}}}}})"),
            "Ingress shop/www: spec.defaultBackend.service.port.number must be from 0 to 65535");
  EXPECT_THAT(complaint<kube::Ingress>("[]"), HasSubstr("it must be an object"));
  EXPECT_THAT(complaint<kube::Ingress>("{}"), HasSubstr("metadata.name must not be empty"));
}

TEST(IngressClass, ReadsItsControllerAndWhetherItIsTheDefault) {
  const auto marked = parsed<kube::IngressClass>(R"({"metadata":{"name":"gatehouse",
    "annotations":{"ingressclass.kubernetes.io/is-default-class":"true"}},
    "spec":{"controller":"gatehouse.dev/ingress-controller"}})");
  EXPECT_EQ(marked.controller, "gatehouse.dev/ingress-controller");
  EXPECT_TRUE(marked.is_default());
  EXPECT_FALSE(parsed<kube::IngressClass>(R"({"metadata":{"name":"other"}})").is_default());
  EXPECT_FALSE(kube::IngressClass::type().namespaced);
}

TEST(Service, ReadsPortsAndAddresses) {
  const auto service = parsed<kube::Service>(R"({"metadata":{"name":"web","namespace":"shop"},
    "spec":{"type":"LoadBalancer","clusterIP":"10.0.0.7","externalIPs":["192.0.2.5"],
      "publishNotReadyAddresses":true,"sessionAffinity":"ClientIP",
      "ports":[{"name":"http","port":80,"targetPort":"web","appProtocol":"kubernetes.io/h2c"},
               {"name":"dns","port":53,"targetPort":5353,"protocol":"UDP"}]},
    "status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.9"}]}}})");
  EXPECT_EQ(service.type_name, "LoadBalancer");
  EXPECT_EQ(service.cluster_ip, "10.0.0.7");
  EXPECT_THAT(service.external_ips, ElementsAre("192.0.2.5"));
  EXPECT_TRUE(service.publish_not_ready_addresses);
  EXPECT_EQ(service.session_affinity, "ClientIP");
  EXPECT_EQ(service.session_affinity_seconds, 10'800);
  EXPECT_THAT(service.ports,
              ElementsAre(kube::ServicePort{"http", 80, "web", "TCP", "kubernetes.io/h2c"},
                          kube::ServicePort{"dns", 53, "5353", "UDP", ""}));
  EXPECT_THAT(service.load_balancer, ElementsAre(kube::LoadBalancerAddress{"192.0.2.9", ""}));
}

TEST(Service, ReadsForHowLongAClientIsKept) {
  EXPECT_EQ(parsed<kube::Service>(R"({"metadata":{"name":"web","namespace":"shop"},
      "spec":{"sessionAffinity":"ClientIP",
        "sessionAffinityConfig":{"clientIP":{"timeoutSeconds":600}}}})")
                .session_affinity_seconds,
            600);
  EXPECT_EQ(complaint<kube::Service>(R"({"metadata":{"name":"web","namespace":"shop"},
      "spec":{"sessionAffinityConfig":{"clientIP":{"timeoutSeconds":86401}}}})"),
            "Service shop/web: spec.sessionAffinityConfig.clientIP.timeoutSeconds must be from 1 "
            "to 86400");
}

TEST(Service, AnExternalNameNeedsNoPorts) {
  const auto service = parsed<kube::Service>(R"({"metadata":{"name":"out"},
    "spec":{"type":"ExternalName","externalName":"api.example.org"}})");
  EXPECT_EQ(service.external_name, "api.example.org");
  EXPECT_TRUE(service.ports.empty());
}

TEST(EndpointSlice, ReadsEndpointsAndLeavesUnsaidConditionsUnsaid) {
  const auto slice = parsed<kube::EndpointSlice>(R"({
    "metadata":{"name":"web-abc","namespace":"shop","labels":{"kubernetes.io/service-name":"web"}},
    "addressType":"IPv4",
    "endpoints":[
      {"addresses":["10.1.0.4"],"conditions":{"ready":true,"serving":true,"terminating":false},
       "targetRef":{"kind":"Pod","name":"web-0"},"zone":"a","nodeName":"n1",
       "hints":{"forZones":[{"name":"a"},{"name":"b"}],"forNodes":[{"name":"n1"}]}},
      {"addresses":["10.1.0.5"],"conditions":{"ready":false,"serving":true,"terminating":true}},
      {"addresses":["10.1.0.6"]}],
    "ports":[{"name":"http","port":8080,"protocol":"TCP","appProtocol":"http"},{"name":"any"}]})");
  EXPECT_EQ(slice.service(), (kube::ObjectKey{"shop", "web"}));
  EXPECT_THAT(slice.endpoints.at(0).hint_zones, ElementsAre("a", "b"));
  EXPECT_TRUE(slice.endpoints.at(1).hint_zones.empty());
  EXPECT_EQ(slice.address_type, "IPv4");
  ASSERT_EQ(slice.endpoints.size(), 3u);
  EXPECT_EQ(slice.endpoints[0],
            (kube::Endpoint{
                {"10.1.0.4"}, true, true, false, kube::Endpoint::target_of("web-0"), {"a", "b"}}));
  EXPECT_EQ(slice.endpoints[1].target, 0u) << "it is not said";
  EXPECT_FALSE(slice.endpoints[1].is_ready());
  EXPECT_TRUE(slice.endpoints[1].is_serving());
  EXPECT_TRUE(slice.endpoints[1].is_terminating());
  EXPECT_EQ(slice.endpoints[2].ready, std::nullopt);
  EXPECT_TRUE(slice.endpoints[2].is_ready());
  EXPECT_THAT(slice.ports, ElementsAre(kube::EndpointPort{"http", 8080, "TCP", "http"},
                                       kube::EndpointPort{"any", 0, "TCP", ""}));
}

// There are tens of thousands of them in a large cluster.
TEST(EndpointSlice, KeepsOfItsMetadataWhatIsRead) {
  const auto slice = parsed<kube::EndpointSlice>(R"({"metadata":{"name":"a","namespace":"shop",
    "labels":{"kubernetes.io/service-name":"www","app":"www"},"annotations":{"changed":"now"},
    "ownerReferences":[{"apiVersion":"v1","kind":"Service","name":"www","uid":"u"}]}})");
  EXPECT_EQ(slice.service().name, "www");
  EXPECT_EQ(slice.metadata.labels.size(), 1U);
  EXPECT_TRUE(slice.metadata.annotations.empty());
  EXPECT_TRUE(slice.metadata.owner_references.empty());
}

// A Service of a hundred Pods has as many, and names of Pods and nodes are long.
TEST(EndpointSlice, HasNoRoomForNamesOfPodsNodesAndZones) {
  EXPECT_LE(sizeof(kube::Endpoint), 64U);
  EXPECT_NE(kube::Endpoint::target_of("web-0"), kube::Endpoint::target_of("web-1"));
  EXPECT_EQ(kube::Endpoint::target_of(""), 0u);
}

TEST(EndpointSlice, OneWithoutTheLabelBelongsToNoService) {
  EXPECT_EQ(parsed<kube::EndpointSlice>(R"({"metadata":{"name":"a"}})").service().name, "");
}

TEST(Secret, DecodesItsData) {
  const auto secret = parsed<kube::Secret>(R"({"metadata":{"name":"tls"},
    "type":"kubernetes.io/tls","data":{"tls.crt":"Y2VydA==","tls.key":"a2V5","empty":""}})");
  EXPECT_EQ(secret.type_name, kube::kTlsSecretType);
  EXPECT_EQ(secret.value("tls.crt"), "cert");
  EXPECT_EQ(secret.value("tls.key"), "key");
  EXPECT_EQ(secret.value("empty"), "");
  EXPECT_EQ(secret.value("absent"), "");
}

TEST(Secret, ForTlsIsHeldInLittleRoomAndReadsAsItCame) {
  const std::string chain = base::write_pem({"CERTIFICATE", std::string(300, 'a')}) +
                            base::write_pem({"CERTIFICATE", std::string(300, 'b')});
  const nlohmann::json object = {
      {"metadata", {{"name", "a"}}},
      {"type", "kubernetes.io/tls"},
      {"data",
       {{"tls.crt", base::base64_encode(chain)}, {"tls.key", base::base64_encode("no PEM")}}}};
  const auto secret = kube::Secret::tls_from_json(object);
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->value("tls.crt"), chain);
  EXPECT_EQ(secret->data.at("tls.crt").pem().held_text(), nullptr);
  EXPECT_EQ(secret->value("tls.key"), "no PEM");
  const auto whole = kube::Secret::from_json(object);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->data, secret->data);
}

TEST(Secret, ForTlsIsReadWithoutWhatTlsDoesNotNeed) {
  const auto object = nlohmann::json::parse(R"({"metadata":{"name":"a"},"type":"kubernetes.io/tls",
    "data":{"tls.crt":"YQ==","tls.key":"Yg==","ca.crt":"Yw==","next-tls.key":"ZA==",
    "keystore.jks":"ZQ=="}})");
  const auto secret = kube::Secret::tls_from_json(object);
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->data.size(), 4U);
  EXPECT_EQ(secret->value("next-tls.key"), "d");
  EXPECT_EQ(secret->value("keystore.jks"), "");
  EXPECT_FALSE(kube::Secret::tls_from_json(nlohmann::json::parse(R"({"data":{"tls.crt":7}})")));
}

TEST(Secret, ABadValueIsNamedByItsKeyAndNeverShown) {
  const std::string said = complaint<kube::Secret>(
      R"({"metadata":{"name":"tls","namespace":"shop"},"data":{"tls.key":"hunter2!"}})");
  EXPECT_EQ(said, "Secret shop/tls: data must hold base64 only, and tls.key is not");
  EXPECT_THAT(said, Not(HasSubstr("hunter2")));
}

TEST(Secret, MoreDataThanTheApiServerAllowsIsRefused) {
  json object = {{"metadata", {{"name", "big"}}}, {"data", json::object()}};
  const std::string half_mebibyte((1 << 19) / 3 * 4, 'A');
  object["data"]["a"] = half_mebibyte;
  EXPECT_TRUE(kube::Secret::from_json(object));
  object["data"]["b"] = half_mebibyte;
  object["data"]["c"] = "AAAAAAAA";
  const auto refused = kube::Secret::from_json(object);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("at most 1 MiB"));
}

TEST(Lease, IsTheSameAfterJsonAndBack) {
  kube::Lease lease;
  lease.metadata.name = "leader";
  lease.metadata.namespace_ = "gatehouse-system";
  lease.metadata.resource_version = "9";
  lease.metadata.labels = {{"a", "1"}};
  lease.metadata.annotations = {{"b", "2"}};
  lease.spec = {"pod-1", std::chrono::seconds(15),
                base::WallTime(std::chrono::microseconds(1795262400123456)),
                base::WallTime(std::chrono::microseconds(1795262401000001)), 2};
  const auto object = lease.to_json();
  EXPECT_EQ(object["spec"]["renewTime"], "2026-11-21T12:00:01.000001Z");
  const auto read = kube::Lease::from_json(object);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->spec, lease.spec);
  EXPECT_EQ(read->metadata.resource_version, "9");
  EXPECT_EQ(read->metadata.labels, lease.metadata.labels);
  EXPECT_EQ(read->metadata.annotations, lease.metadata.annotations);
}

TEST(Event, IsTheSameAfterJsonAndBack) {
  kube::Event event;
  event.metadata.name = "www.1";
  event.metadata.namespace_ = "shop";
  event.regarding = {"networking.k8s.io/v1", "Ingress", "shop", "www", "u1", "5"};
  event.type_name = "Warning";
  event.reason = "BadAnnotation";
  event.action = "Compiling";
  event.note = "the annotation is wrong";
  event.reporting_controller = "gatehouse.dev/operator";
  event.reporting_instance = "operator-0";
  event.event_time = base::WallTime(std::chrono::seconds(1795262400));
  EXPECT_FALSE(event.to_json().contains("series"));
  event.series = {3, base::WallTime(std::chrono::seconds(1795262460))};
  const auto read = kube::Event::from_json(event.to_json());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->to_json(), event.to_json());
  EXPECT_EQ(read->series, event.series);
}

TEST(Namespace, IsItsMetadata) {
  const auto read =
      parsed<kube::Namespace>(R"({"metadata":{"name":"shop","labels":{"team":"a"}}})");
  EXPECT_EQ(read.metadata.labels.at("team"), "a");
}

}  // namespace
