#include <algorithm>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kube/config.h"
#include "operator/api/issuer.h"
#include "operator/ingress/certificate_shim.h"
#include "operator/ingress/class_reporter.h"
#include "operator/ingress/edge_parameters_reader.h"
#include "operator/ingress/parameters_in_force.h"
#include "operator/ingress/status_publisher.h"
#include "tests/fakes/api_server/server.h"
#include "tests/fakes/clock.h"
#include "tests/operator/ingress/cluster_builder.h"

// The two writers of the ingress room against the in-memory API server. Stores are filled by hand,
// so that they lag behind exactly when a test wants them to.
namespace ingress {
namespace {

using fakes::api_server::Server;
using ingress_test::key_of;
using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kIngress = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/www";

class Events final : public kube::EventSink {
 public:
  void record(kube::Occurrence occurrence) override { reasons.push_back(occurrence.reason); }
  std::vector<std::string> reasons;
};

class Writers : public testing::Test {
 protected:
  Writers() {
    server_ = std::move(*Server::start({}));
    const auto config = kube::parse_kubeconfig(server_->kubeconfig(), "/", "", clock_);
    client_ = kube::connect(*config, clock_, "test");
    apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    apply(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: www, namespace: shop}\n"
        "spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}\n");
    server_->forget_writes();
  }

  void apply(const std::string& yaml) {
    const auto applied = server_->apply_yaml(yaml);
    ASSERT_TRUE(applied) << applied.error().message;
  }
  json get(const std::string& path) { return json::parse(server_->request("GET", path).value()); }

  static Findings findings_of(CertificatePlan plan) {
    Findings findings;
    add(std::move(plan), findings);
    return findings;
  }
  Findings see_ingress(bool has_room = true) {
    ingresses_.put(kube::Ingress::from_json(get(kIngress)).value());
    Summary summary;
    summary.ingress = ingresses_.get(key_of("shop/www"));
    summary.has_room = has_room;
    Findings findings;
    add(std::vector<Summary>{summary}, findings);
    return findings;
  }

  const fakes::FakeClock clock_{};
  std::unique_ptr<Server> server_;
  std::unique_ptr<kube::Client> client_;
  kube::Store<kube::Ingress> ingresses_;
  Events events_;
};

class Status : public Writers {
 protected:
  Status() : publisher_(ingresses_, *client_, events_, status_clock_, {}) {
    publisher_.wake_with([this](const kube::ObjectKey& key) { enqueued_.push_back(key); });
  }
  void reconcile() {
    const auto outcome = publisher_.reconcile(key_of("shop/www"));
    ASSERT_TRUE(outcome) << outcome.error().message;
  }

  fakes::FakeClock status_clock_;
  StatusPublisher publisher_;
  std::vector<kube::ObjectKey> enqueued_;
};

TEST_F(Status, IsWrittenOnceAndNotWhileTheStoreLags) {
  publisher_.follow(see_ingress(), read_addresses({"192.0.2.2", "lb.example", "192.0.2.1"}));
  ASSERT_THAT(enqueued_, SizeIs(1));
  reconcile();
  reconcile();  // the store still has the old one
  EXPECT_THAT(server_->writes(), SizeIs(1));
  EXPECT_EQ(
      get(kIngress)["status"]["loadBalancer"]["ingress"],
      json::parse(R"([{"hostname": "lb.example"}, {"ip": "192.0.2.1"}, {"ip": "192.0.2.2"}])"));
  publisher_.follow(see_ingress(), read_addresses({"192.0.2.2", "lb.example", "192.0.2.1"}));
  reconcile();
  EXPECT_THAT(server_->writes(), SizeIs(1));
  EXPECT_THAT(enqueued_, SizeIs(1));
}

TEST_F(Status, OfAnIngressThatIsNotOursIsNeverWritten) {
  see_ingress();
  publisher_.follow({}, read_addresses({"192.0.2.1"}));
  reconcile();
  EXPECT_THAT(server_->writes(), IsEmpty());
}

TEST_F(Status, OfAnIngressThatIsLeftOutForWantOfRoomIsNotWritten) {
  publisher_.follow(see_ingress(false), read_addresses({"192.0.2.1"}));
  EXPECT_THAT(enqueued_, IsEmpty());
  reconcile();
  EXPECT_THAT(server_->writes(), IsEmpty());
  publisher_.follow(see_ingress(), read_addresses({"192.0.2.1"}));
  EXPECT_THAT(enqueued_, SizeIs(1)) << "there is room now";
}

TEST_F(Status, ThatCouldNotBeWrittenIsWrittenOnceThereIsRoomAgain) {
  const auto ours = read_addresses({"192.0.2.1"});
  fakes::api_server::Misbehaviour::Rule refuses;
  refuses.method = "PATCH";
  refuses.times = 1000;
  refuses.status = 422;
  server_->misbehaviour().add(refuses);
  publisher_.follow(see_ingress(), ours);
  ASSERT_THAT(enqueued_, SizeIs(1));
  EXPECT_FALSE(publisher_.reconcile(key_of("shop/www")));
  server_->misbehaviour().clear();

  publisher_.follow(see_ingress(false), ours);
  reconcile();  // what was to be tried again is given up
  EXPECT_THAT(server_->writes(), IsEmpty());

  publisher_.follow(see_ingress(), ours);
  ASSERT_THAT(enqueued_, SizeIs(2));
  reconcile();
  EXPECT_EQ(get(kIngress)["status"]["loadBalancer"]["ingress"],
            json::parse(R"([{"ip": "192.0.2.1"}])"));
}

TEST_F(Status, StaysWhileTheAddressesAreNotKnown) {
  publisher_.follow(see_ingress(), std::nullopt);
  reconcile();
  EXPECT_THAT(server_->writes(), IsEmpty());
}

TEST_F(Status, ThatAnotherControllerWritesIsToldAndNotFought) {
  const auto ours = read_addresses({"192.0.2.1"});
  publisher_.follow(see_ingress(), ours);
  reconcile();
  const auto theirs =
      server_->request("PATCH", std::string(kIngress) + "/status",
                       R"({"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}})",
                       "application/merge-patch+json");
  ASSERT_TRUE(theirs) << theirs.error().message;
  publisher_.follow(see_ingress(), ours);
  server_->forget_writes();
  reconcile();
  reconcile();
  EXPECT_THAT(server_->writes(), IsEmpty());
  EXPECT_THAT(events_.reasons, ElementsAre("StatusContested"));
}

TEST_F(Status, ThatSaysWhatItIsToSayIsForgottenOnceATruceWouldBeOver) {
  const auto ours = read_addresses({"192.0.2.1"});
  publisher_.follow(see_ingress(), ours);
  reconcile();
  publisher_.follow(see_ingress(), ours);
  EXPECT_EQ(publisher_.remembered(), 1u);
  status_clock_.advance(kube::kTruce);
  publisher_.follow(see_ingress(), ours);
  EXPECT_EQ(publisher_.remembered(), 0u);
  EXPECT_THAT(server_->writes(), SizeIs(1));
}

TEST(AddressesOf, FollowTheTypeOfTheService) {
  kube::Service service = ingress_test::a_service("edge/proxy", 80);
  EXPECT_EQ(addresses_of(service), Addresses()) << "nobody outside reaches a ClusterIP";
  service.type_name = "NodePort";
  EXPECT_EQ(addresses_of(service), Addresses()) << "nor that of a NodePort";
  service.external_ips = {"198.51.100.1"};
  EXPECT_EQ(addresses_of(service), read_addresses({"198.51.100.1"}));
  service.external_ips.clear();
  service.type_name = "LoadBalancer";
  EXPECT_EQ(addresses_of(service), Addresses());
  service.load_balancer = {{"203.0.113.1", ""}, {"", "lb.example"}};
  service.external_ips = {"198.51.100.1", "203.0.113.1"};
  EXPECT_EQ(addresses_of(service), read_addresses({"203.0.113.1", "198.51.100.1", "lb.example"}));
}

class OfClasses : public Writers {
 protected:
  OfClasses()
      : reporter_({{"gatehouse", "second"}, true}, classes_, parameters_, in_force_, *client_,
                  events_, clock_, {}) {
    std::ifstream crd(std::string(GATEHOUSE_GOLDEN_DIR) + "/../../crds/edgeparameters.yaml");
    std::stringstream text;
    text << crd.rdbuf();
    apply(text.str());
    server_->forget_writes();
    kube::IngressClass named;
    named.metadata.name = "gatehouse";
    named.controller = kControllerName;
    named.parameters =
        kube::IngressClassParameters{"gatehouse.dev", "EdgeParameters", "strict", ""};
    classes_.replace_all({std::make_shared<const kube::IngressClass>(named)});
  }
  base::Result<std::string> put(const std::string& spec) {
    const auto applied = server_->apply_yaml(
        "apiVersion: gatehouse.dev/v1alpha1\nkind: EdgeParameters\nmetadata: {name: strict}\n"
        "spec: " +
        spec + "\n");
    if (!applied) return base::failure(applied.error());
    return std::string();
  }
  void see() {
    parameters_.replace_all({std::make_shared<const api::EdgeParameters>(
        read_edge_parameters(get(kParameters)).value())});
  }
  void reconcile() {
    const auto outcome = reporter_.reconcile({"", "gatehouse"});
    ASSERT_TRUE(outcome) << outcome.error().message;
  }

  void add_second_class() {
    kube::IngressClass second = *classes_.get({"", "gatehouse"});
    second.metadata.name = "second";
    second.parameters->name = "other";
    classes_.put(second);
  }
  // "strict" as it is stored, and what the class "second" names.
  void see_beside(const json& trusted_proxies) {
    const json other = {{"metadata", {{"name", "other"}}},
                        {"spec", {{"trustedProxies", trusted_proxies}}}};
    const auto beside =
        std::make_shared<const api::EdgeParameters>(read_edge_parameters(other).value());
    see();
    parameters_.replace_all({parameters_.get({"", "strict"}), beside});
  }
  // Twice.
  void look_beside(const json& trusted_proxies) {
    for (int i = 0; i < 2; ++i) {
      see_beside(trusted_proxies);
      reconcile();
    }
  }

  static constexpr const char* kSpoilt = "not a list";
  static constexpr const char* kParameters = "/apis/gatehouse.dev/v1alpha1/edgeparameters/strict";
  kube::Store<kube::IngressClass> classes_;
  kube::Store<api::EdgeParameters> parameters_;
  kube::Store<kube::Namespace> namespaces_;
  const ParametersInForce in_force_{classes_, parameters_, namespaces_};
  ClassReporter reporter_;
};

TEST_F(OfClasses, WhatWasReadIsSaidInTheStatusOnce) {
  ASSERT_TRUE(put("{namespaces: [shop], defaults: {bodySize: 8m, readTimeout: 2m}}"));
  see();
  EXPECT_EQ(parameters_.get({"", "strict"})->problem, "");
  server_->forget_writes();
  reconcile();
  EXPECT_EQ(get(kParameters)["status"]["conditions"][0]["type"], "Accepted");
  EXPECT_EQ(get(kParameters)["status"]["conditions"][0]["status"], "True");
  see();
  reconcile();
  EXPECT_THAT(server_->writes(), SizeIs(1));
  EXPECT_THAT(events_.reasons, IsEmpty());
}

TEST_F(OfClasses, ParametersThatAreNotThereAreToldAtTheClassOnce) {
  reconcile();
  EXPECT_THAT(events_.reasons, IsEmpty()) << "nobody has looked yet";
  parameters_.replace_all({});
  reconcile();
  reconcile();
  EXPECT_THAT(events_.reasons, ElementsAre("ParametersNotFound"));
  EXPECT_THAT(server_->writes(), IsEmpty());
}

TEST_F(OfClasses, WhomNotAllClassesTrustIsToldAtTheClassOnce) {
  ASSERT_TRUE(put("{trustedProxies: [10.0.0.0/8]}"));
  add_second_class();
  look_beside(json::array({"10.0.0.0/8"}));
  EXPECT_THAT(events_.reasons, IsEmpty());
  look_beside(json::array({"10.1.0.0/16"}));
  EXPECT_THAT(events_.reasons, ElementsAre("TrustedProxiesDiffer"));
  look_beside(json::array({"0.0.0.0/0"}));
  EXPECT_THAT(events_.reasons, SizeIs(1)) << "all of it is trusted";
  look_beside(json::array({"192.0.2.0/24"}));
  EXPECT_THAT(events_.reasons, ElementsAre("TrustedProxiesDiffer", "TrustedProxiesDiffer"));
}

// What could be read of them last holds: that is what the proxies are told.
TEST_F(OfClasses, WhomAnotherClassTrustedBeforeItsParametersWereSpoiltCounts) {
  ASSERT_TRUE(put("{trustedProxies: [10.0.0.0/8]}"));
  add_second_class();
  look_beside(json::array({"10.0.0.0/8"}));
  look_beside(kSpoilt);
  EXPECT_THAT(events_.reasons, IsEmpty());
  ASSERT_TRUE(put("{trustedProxies: [10.0.0.0/8, 192.0.2.0/24]}"));
  look_beside(kSpoilt);
  EXPECT_THAT(events_.reasons, ElementsAre("TrustedProxiesDiffer"));
}

// Another replica led while they could be read; this one compiled them then.
TEST_F(OfClasses, WhomAnotherClassTrustedBeforeTheReporterCameCounts) {
  ASSERT_TRUE(put("{trustedProxies: [10.0.0.0/8, 192.0.2.0/24]}"));
  add_second_class();
  see_beside(json::array({"10.0.0.0/8"}));
  see_beside(kSpoilt);
  reconcile();
  EXPECT_THAT(events_.reasons, ElementsAre("TrustedProxiesDiffer"));
}

TEST_F(OfClasses, WhomNotAllClassesTrustIsNotToldAgainWhenParametersAreMended) {
  ASSERT_TRUE(put("{trustedProxies: [10.0.0.0/8]}"));
  add_second_class();
  look_beside(json::array({"192.0.2.0/24"}));
  ASSERT_THAT(events_.reasons, ElementsAre("TrustedProxiesDiffer"));
  look_beside(kSpoilt);
  look_beside(json::array({"192.0.2.0/24"}));
  EXPECT_THAT(events_.reasons, SizeIs(1)) << "spoilt and mended";
  see();  // the others are gone
  reconcile();
  look_beside(json::array({"192.0.2.0/24"}));
  EXPECT_THAT(events_.reasons, SizeIs(1)) << "deleted and made again";
}

TEST_F(OfClasses, WhatParametersSaidIsForgottenWhenNoClassNamesThem) {
  ASSERT_TRUE(put("{trustedProxies: [10.0.0.0/8]}"));
  add_second_class();
  look_beside(json::array({"192.0.2.0/24"}));
  ASSERT_THAT(events_.reasons, ElementsAre("TrustedProxiesDiffer"));
  classes_.replace_all({classes_.get({"", "gatehouse"})});
  look_beside(kSpoilt);
  add_second_class();
  look_beside(kSpoilt);
  EXPECT_THAT(events_.reasons, SizeIs(1)) << "nobody knows what it would say";
  look_beside(json::array({"192.0.2.0/24"}));
  EXPECT_THAT(events_.reasons, SizeIs(2));
}

TEST_F(OfClasses, TheDefinitionRefusesWhatCannotBeMeant) {
  for (const char* spec :
       {"{annotations: {refused: [a, b], tolerated: [b]}}",
        "{defaults: {readTimeout: 48h}}",
        "{defaults: {connectTimeout: soon}}",
        "{defaults: {bodySize: many}}",
        "{plainHttp: Maybe}",
        "{namespaces: [\"*\"]}",
        "{tlsPolicy: modern}",
        "{customHttpErrors: [404]}",
        "{defaultBackend: {name: web, port: 80}}",
        "{limitStatus: 404}",
        "{hsts: {preload: true}}",
        "{hsts: {maxAgeSeconds: 60, includeSubDomains: true, preload: true}}",
        "{accessLog: {format: Text}}",
        "{accessLog: {fields: [cookie]}}",
        "{accessLog: {format: Common, fields: [status]}}",
        "{trustedProxies: 10.0.0.0/8}",
        "{trustedProxies: [10.0.0.0/33]}",
        "{trustedProxies: [balancer.example]}",
        "{trustedProxies: ['2001:db8::/129']}",
        "{trustedProxies: ['']}",
        "{proxyProtocol: FromTrusted}",
        "{proxyProtocol: FromTrusted, trustedProxies: []}",
        "{proxyProtocol: Always, trustedProxies: [10.0.0.0/8]}",
        "{namespaceSelector: {matchExpressions: [{key: a, operator: Is}]}}",
        "{namespaceSelector: {matchExpressions: [{key: a, operator: In}]}}",
        "{namespaceSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}"}) {
    EXPECT_FALSE(put(spec)) << spec;
  }
  EXPECT_TRUE(put("{annotations: {refused: [a], tolerated: [b]}, plainHttp: Serve, server: edge}"));
  EXPECT_TRUE(
      put("{plainHttp: Refuse, tlsPolicy: Modern, limitStatus: 429, hsts: {preload: true, "
          "includeSubDomains: true}}"));
  EXPECT_TRUE(put(
      "{accessLog: {format: Json, fields: [host, status]}, namespaceSelector: {matchLabels: {a: "
      "b}, matchExpressions: [{key: c, operator: NotIn, values: [d]}, {key: e, operator: "
      "DoesNotExist}]}}"));
  EXPECT_TRUE(put("{accessLog: {format: Combined}, namespaceSelector: {}}"));
  EXPECT_TRUE(put("{trustedProxies: [10.0.0.0/8, 192.0.2.7, '2001:db8::/32', '::1', 0.0.0.0/0]}"));
  EXPECT_TRUE(put("{trustedProxies: []}"));
  EXPECT_TRUE(put("{proxyProtocol: FromTrusted, trustedProxies: [10.0.0.0/8]}"));
}

class Shim : public Writers {
 protected:
  Shim() : shim_(certificates_, *client_, events_, shim_clock_, {}) {
    std::ifstream crd(std::string(GATEHOUSE_GOLDEN_DIR) + "/../../crds/certificates.yaml");
    std::stringstream text;
    text << crd.rdbuf();
    apply(text.str());
    server_->forget_writes();
    shim_.wake_with([this](const kube::ObjectKey& key) { enqueued_.push_back(key); });
    auto ingress = ingress_test::an_ingress("shop/www")
                       .annotation("cert-manager.io/cluster-issuer", "letsencrypt")
                       .tls({"a.example"}, "www-tls")
                       .get();
    ingress.metadata.uid = get(kIngress)["metadata"]["uid"];
    cluster_.ingress(std::make_shared<const kube::Ingress>(ingress));
  }
  json get_certificate() {
    return get("/apis/gatehouse.dev/v1alpha1/namespaces/shop/certificates/www-tls");
  }

  // Another's write, which the store has seen.
  void change_certificate(const std::string& subresource, const std::string& patch) {
    const auto changed = server_->request(
        "PATCH", "/apis/gatehouse.dev/v1alpha1/namespaces/shop/certificates/www-tls" + subresource,
        patch, "application/merge-patch+json");
    ASSERT_TRUE(changed) << changed.error().message;
    certificates_.put(api::Certificate::from_json(json::parse(*changed)).value());
  }

  kube::Store<api::Certificate> certificates_;
  fakes::FakeClock shim_clock_;
  CertificateShim shim_;
  ingress_test::ViewBuilder cluster_;
  std::vector<kube::ObjectKey> enqueued_;
};

TEST_F(Shim, WritesACertificateOnceAndRemovesItByItsUid) {
  const CertificatePlan plan = plan_certificates(cluster_.view);
  shim_.follow(findings_of(plan));
  shim_.follow(findings_of(plan));
  ASSERT_THAT(enqueued_, SizeIs(1));
  ASSERT_TRUE(shim_.reconcile(enqueued_[0]));
  ASSERT_TRUE(shim_.reconcile(enqueued_[0]));
  EXPECT_THAT(server_->writes(), SizeIs(1));
  const json stored = get_certificate();
  EXPECT_EQ(stored["metadata"]["ownerReferences"][0]["uid"], get(kIngress)["metadata"]["uid"]);
  EXPECT_EQ(stored["metadata"]["ownerReferences"][0]["blockOwnerDeletion"], false);

  // What the API server stored is what the plan wants: nothing is left to do.
  cluster_.certificate(api::Certificate::from_json(stored).value());
  EXPECT_THAT(plan_certificates(cluster_.view).apply, IsEmpty());

  CertificatePlan removal;
  removal.remove[key_of("shop/www-tls")] = {"another-uid"};
  shim_.follow(findings_of(removal));
  EXPECT_FALSE(shim_.reconcile(key_of("shop/www-tls")));
  removal.remove[key_of("shop/www-tls")] = {stored["metadata"]["uid"]};
  shim_.follow(findings_of(removal));
  EXPECT_TRUE(shim_.reconcile(key_of("shop/www-tls")));
  EXPECT_FALSE(
      server_->request("GET", "/apis/gatehouse.dev/v1alpha1/namespaces/shop/certificates/www-tls"));
}

// In a large cluster a plan can be older than the store for longer than a write takes to come back.
TEST_F(Shim, DoesNotWriteAgainForAPlanThatLagsBehindTheStore) {
  shim_.follow(findings_of(plan_certificates(cluster_.view)));
  ASSERT_TRUE(shim_.reconcile(key_of("shop/www-tls")));
  // Since the write its status has been written, too.
  change_certificate("/status", R"({"status": {"revision": 1}})");
  fakes::api_server::Misbehaviour::Rule refuses;
  refuses.method = "PATCH";
  refuses.times = 1000;
  refuses.status = 422;
  server_->misbehaviour().add(refuses);
  for (int i = 0; i < 5; ++i) {
    shim_clock_.advance(std::chrono::minutes(1));
    const auto outcome = shim_.reconcile(key_of("shop/www-tls"));
    ASSERT_TRUE(outcome) << outcome.error().message;
  }
  server_->misbehaviour().clear();

  change_certificate("", R"({"spec": {"issuerRef": {"name": "other"}}})");
  ASSERT_TRUE(shim_.reconcile(key_of("shop/www-tls")));
  EXPECT_EQ(get_certificate()["spec"]["issuerRef"]["name"], "letsencrypt")
      << "somebody changed it meanwhile";
}

TEST_F(Shim, AnotherWishIsWrittenAtOnceHoweverLittleItDiffers) {
  const kube::ObjectKey key = key_of("shop/www-tls");
  CertificatePlan plan = plan_certificates(cluster_.view);
  shim_.follow(findings_of(plan));
  ASSERT_TRUE(shim_.reconcile(key));
  ASSERT_TRUE(shim_.reconcile(key));
  EXPECT_THAT(server_->writes(), SizeIs(1)) << "it was written, whatever the store says";
  plan.apply.at(key).spec.rotation_policy = api::RotationPolicy::never;
  shim_.follow(findings_of(plan));
  ASSERT_TRUE(shim_.reconcile(key));
  EXPECT_THAT(server_->writes(), SizeIs(2));
  EXPECT_EQ(get_certificate()["spec"]["privateKey"]["rotationPolicy"], "Never");
}

TEST_F(Shim, WhatAnotherControllerChangesEachTimeIsPutBackTwiceAndThenLeftForAWhileAndTold) {
  const kube::ObjectKey key = key_of("shop/www-tls");
  const Findings wanted = findings_of(plan_certificates(cluster_.view));
  const auto reconcile = [&](const Findings& findings) {
    shim_.follow(findings);
    const auto outcome = shim_.reconcile(key);
    ASSERT_TRUE(outcome) << outcome.error().message;
    certificates_.put(api::Certificate::from_json(get_certificate()).value());
  };
  const auto our_writes = [&] {
    const auto writes = server_->writes();
    return std::count_if(writes.begin(), writes.end(),
                         [](const auto& write) { return write.manager == api::kFieldManager; });
  };
  reconcile(wanted);
  reconcile(Findings());  // what is as it is wanted is in no plan
  for (int i = 0; i < 20; ++i) {
    shim_clock_.advance(std::chrono::seconds(10));
    change_certificate("", R"({"spec": {"issuerRef": {"name": "other"}}})");
    reconcile(wanted);
    const bool is_put_back = get_certificate()["spec"]["issuerRef"]["name"] == "letsencrypt";
    if (is_put_back) reconcile(Findings());
  }
  EXPECT_EQ(our_writes(), 1 + 2);
  EXPECT_THAT(events_.reasons, ElementsAre("CertificateContested"));
  shim_clock_.advance(std::chrono::minutes(10));
  reconcile(wanted);
  EXPECT_EQ(our_writes(), 1 + 3);
  EXPECT_EQ(get_certificate()["spec"]["issuerRef"]["name"], "letsencrypt");
}

}  // namespace
}  // namespace ingress
