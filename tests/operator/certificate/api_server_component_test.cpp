// The reconcilers, reflectors and controllers over real sockets against the in-memory API server
// with our own CRDs, and the strict ACME server in process. When a test here fails and the unit
// tests pass, look at crds/*.yaml against operator/api, and at the wiring.

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/x509.h"
#include "kube/config.h"
#include "kube/controller.h"
#include "kube/reflector.h"
#include "operator/api/status_patch.h"
#include "operator/certificate/reconciler.h"
#include "operator/issuer/reconciler.h"
#include "tests/fakes/acme_server/acme_server.h"
#include "tests/fakes/api_server/server.h"
#include "tests/operator/api/full_objects.h"

namespace {

using fakes::api_server::Server;
using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

const std::filesystem::path kRoot = std::filesystem::path(GATEHOUSE_GOLDEN_DIR) / ".." / "..";

class WithApiServer : public testing::Test {
 protected:
  WithApiServer() {
    server_ = Server::start({}).value();
    for (const char* name : {"certificates", "issuers", "clusterissuers"}) {
      apply(read_file(kRoot / "crds" / (std::string(name) + ".yaml")));
    }
    apply(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: gatehouse-system}\n");
    const auto config = kube::parse_kubeconfig(server_->kubeconfig(), "/", "", clock_);
    client_ = kube::connect(config.value(), clock_, "gatehouse-test", {});
  }

  void apply(const std::string& yaml) {
    const base::Status applied = server_->apply_yaml(yaml);
    ASSERT_TRUE(applied) << applied.error().message;
  }

  const base::SystemClock clock_;
  std::stop_source stop_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<kube::Client> client_;
};

constexpr const char* kCertificate =
    "apiVersion: gatehouse.dev/v1alpha1\nkind: Certificate\n"
    "metadata: {name: www, namespace: shop}\n"
    "spec: {secretName: www-tls, dnsNames: [www.shop.example], issuerRef: {name: ca}}\n";
constexpr const char* kIssuer =
    "apiVersion: gatehouse.dev/v1alpha1\nkind: Issuer\nmetadata: {name: ca, namespace: shop}\n"
    "spec: {acme: {server: 'https://ca.test/directory'}}\n";

TEST_F(WithApiServer, TheSchemasKeepEveryFieldOfStatus) {
  apply(kCertificate);
  const json certificate = api::status_to_json(operator_test::full_certificate_status());
  auto written =
      client_->patch_status(api::Certificate::type(), {"shop", "www"}, {{"status", certificate}});
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(written->at("status"), certificate);

  apply(kIssuer);
  api::Issuer issuer;
  operator_test::fill_issuer_status(issuer);
  const json status = api::status_to_json(issuer);
  written = client_->patch_status(api::Issuer::type(false), {"shop", "ca"}, {{"status", status}});
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(written->at("status"), status);
}

TEST_F(WithApiServer, TheSchemaTakesEveryFieldOfSpec) {
  const json object = {{"metadata", {{"name", "www"}, {"namespace", "shop"}}},
                       {"spec", api::spec_to_json(operator_test::full_certificate_spec())}};
  const auto created = client_->create(api::Certificate::type(), object);
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_EQ(created->at("spec"), object.at("spec"));
}

// Proxies that know what the stores know.
class StoreDataPlane final : public certificate::DataPlane {
 public:
  StoreDataPlane(const kube::Store<api::Certificate>& certificates,
                 const kube::Store<kube::Secret>& secrets)
      : certificates_(certificates), secrets_(secrets) {}

  std::string proxies() const override { return "one"; }
  certificate::Given is_given_token(const std::string&, const std::string&) const override {
    return certificate::Given::taken_over;
  }
  certificate::Given is_given_certificate(const kube::ObjectKey&,
                                          const std::string&) const override {
    return certificate::Given::taken_over;
  }
  void forget(const kube::ObjectKey&) override {}
  bool answers(const std::string& token, const std::string& key_authorization) const {
    for (const auto& certificate : certificates_.list()) {
      if (!certificate->status.order) continue;
      for (const auto& authorization : certificate->status.order->authorizations) {
        if (authorization.token == token) {
          return authorization.key_authorization == key_authorization;
        }
      }
    }
    return false;
  }
  std::optional<certificate::ProxyAnswers> check_challenge(
      const kube::ObjectKey&, const std::string&, const std::string& token,
      const std::string& key_authorization) override {
    return answer(answers(token, key_authorization));
  }
  std::optional<certificate::ProxyAnswers> check_serial(const kube::ObjectKey&, const std::string&,
                                                        const std::string& serial) override {
    for (const auto& secret : secrets_.list()) {
      const auto chain = base::read_chain(secret->value("tls.crt"));
      if (chain && chain->front().serial == serial) return answer(true);
    }
    return answer(false);
  }

 private:
  static certificate::ProxyAnswers answer(bool is_right) {
    if (is_right) return {1, 1, 0, {}};
    return {1, 0, 0, {"not yet"}};
  }
  const kube::Store<api::Certificate>& certificates_;
  const kube::Store<kube::Secret>& secrets_;
};

class NoEvents final : public kube::EventSink {
 public:
  void record(kube::Occurrence) override {}
};

TEST_F(WithApiServer, AnIssuanceIsFourWritesThereToo) {
  kube::Store<api::Certificate> certificates;
  kube::Store<kube::Secret> secrets;
  kube::Store<api::Issuer> issuers;
  kube::Store<api::Issuer> cluster_issuers;
  StoreDataPlane data_plane(certificates, secrets);
  fakes::AcmeServer::Options acme_options;
  acme_options.validate = [&](const std::string&, const std::string& token,
                              const std::string& key_authorization) {
    return data_plane.answers(token, key_authorization);
  };
  auto ca = std::make_shared<fakes::AcmeServer>(clock_, acme_options);
  prometheus::Registry registry;
  issuer::RequestCounts requests(registry);
  certificate::Metrics metrics(registry);
  NoEvents events;
  issuer::Accounts accounts;
  issuer::Reconciler keep_issuers(
      {false, "gatehouse-system", "gatehouse-test"}, issuers, *client_, accounts,
      [&](const std::string&) { return ca; }, clock_, events, requests, stop_.get_token());
  certificate::Reconciler keep_certificates({}, {certificates, secrets, issuers, cluster_issuers},
                                            *client_, accounts, data_plane, clock_, events,
                                            requests, metrics, stop_.get_token());
  keep_certificates.begin_to_lead();
  kube::ControllerOptions options;
  kube::Controller issuer_controller(keep_issuers, clock_, options);
  kube::Controller certificate_controller(keep_certificates, clock_, options);
  issuer_controller.follow(issuers);
  certificate_controller.follow(certificates);
  keep_issuers.wake_with([&](const kube::ObjectKey& key) { issuer_controller.enqueue(key); });
  keep_certificates.wake_with(
      [&](const kube::ObjectKey& key) { certificate_controller.enqueue(key); });

  std::mutex mutex;
  std::condition_variable changed;
  bool is_done = false;
  certificates.add_listener([&](const kube::ObjectChange<api::Certificate>& change) {
    const std::lock_guard lock(mutex);
    is_done = change.after && kube::is_true(change.after->status.conditions, api::kReady) &&
              !change.after->status.order;
    changed.notify_all();
  });

  kube::Reflector<api::Certificate> follow_certificates(*client_, certificates);
  kube::ReflectorOptions tls_only;
  tls_only.field_selector = kube::kTlsSecretSelector;
  kube::Reflector<kube::Secret> follow_secrets(*client_, secrets, tls_only);
  kube::Reflector<api::Issuer> follow_issuers(*client_, issuers, api::Issuer::type(false),
                                              &api::Issuer::from_json);
  follow_certificates.start();
  follow_secrets.start();
  follow_issuers.start();
  issuer_controller.start();
  certificate_controller.start();

  // What is there before may have been begun by another, and costs a write more (decision 0106).
  ASSERT_TRUE(certificates.wait_until_synced(stop_.get_token()));
  apply(kIssuer);
  const auto began = std::chrono::steady_clock::now();
  apply(kCertificate);
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(30), [&] { return is_done; }));
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began);
  RecordProperty("milliseconds", std::to_string(took.count()));
  stop_.request_stop();
  issuer_controller.stop();
  certificate_controller.stop();

  std::vector<std::string> writes;
  for (const auto& write : server_->writes()) {
    const bool is_ours = write.name == "www" || write.name == "www-tls";
    if (is_ours && write.manager != "test") writes.push_back(write.verb + " " + write.resource);
  }
  EXPECT_THAT(writes, ElementsAre("patch certificates.gatehouse.dev/status", "apply secrets",
                                  "apply secrets", "patch certificates.gatehouse.dev/status"));
  const auto secret = client_->get<kube::Secret>({"shop", "www-tls"});
  ASSERT_TRUE(secret) << secret.error().message;
  EXPECT_TRUE(base::check_key_pair(secret->value("tls.crt"), secret->value("tls.key")));
  EXPECT_EQ(secret->value("next-tls.key"), "");
  EXPECT_THAT(ca->violations(), IsEmpty());
}

}  // namespace
