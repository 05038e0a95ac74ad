#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "base/curl_transport.h"
#include "base/x509.h"
#include "kube/config.h"
#include "operator/control/own_identity.h"
#include "tests/fakes/api_server/server.h"
#include "tests/fakes/clock.h"

// Goal: whatever becomes of the Secret and the ConfigMap, every replica serves a certificate that
// proxies trust, and replicas that write at one moment end with one certificate. Method: replicas
// on the in-memory API server, whose stores follow when the test says so.
namespace control {
namespace {

using nlohmann::json;
using std::chrono::hours;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kSecretPath =
    "/api/v1/namespaces/gatehouse-system/secrets/gatehouse-control-tls";
constexpr const char* kMapPath =
    "/api/v1/namespaces/gatehouse-system/configmaps/gatehouse-control-ca";
const kube::ObjectKey kSecret{"gatehouse-system", "gatehouse-control-tls"};
const kube::ObjectKey kMap{"gatehouse-system", "gatehouse-control-ca"};

class Replica {
 public:
  Replica(kube::Client& client, const base::Clock& clock)
      : client_(client),
        identity_({kSecret, kMap, {"gatehouse-operator.gatehouse-system.svc"}},
                  {secrets_, config_maps_}, client, clock, {}) {}

  // What the watch would bring.
  void see() {
    see(secrets_, kSecret);
    see(config_maps_, kMap);
  }
  base::Result<kube::Outcome> reconcile() { return identity_.reconcile(kSecret); }
  // Until there is nothing to do, seeing what happens.
  void settle() {
    for (int i = 0; i < 5; ++i) {
      see();
      const auto outcome = reconcile();
      if (!outcome) {
        ASSERT_EQ(outcome.error().kind, base::ErrorKind::conflict) << outcome.error().message;
      }
    }
  }
  const OwnIdentity& identity() const { return identity_; }
  std::string serial() const {
    const auto chain = base::read_chain(identity_.get().chain_pem);
    return chain ? chain->front().serial : "none";
  }

 private:
  template <class T>
  void see(kube::Store<T>& store, const kube::ObjectKey& key) {
    const auto object = client_.get<T>(key);
    std::vector<typename kube::Store<T>::Pointer> listing;
    if (object) listing.push_back(std::make_shared<const T>(*object));
    store.replace_all(std::move(listing));
  }

  kube::Client& client_;
  kube::Store<kube::Secret> secrets_;
  kube::Store<kube::ConfigMap> config_maps_;
  OwnIdentity identity_;
};

class OwnIdentity : public testing::Test {
 protected:
  OwnIdentity() {
    api_ = fakes::api_server::Server::start({}).value();
    const auto config = kube::parse_kubeconfig(api_->kubeconfig(), "", "", clock_).value();
    client_ = kube::connect(config, clock_, "gatehouse-operator/0.1");
    apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: gatehouse-system}\n");
  }

  void apply(const std::string& yaml) {
    const auto applied = api_->apply_yaml(yaml);
    ASSERT_TRUE(applied) << applied.error().message;
  }
  json get(const char* path) {
    const auto body = api_->request("GET", path);
    return body ? json::parse(*body) : json();
  }
  void remove(const char* path) { ASSERT_TRUE(api_->request("DELETE", path)); }
  void patch(const char* path, const json& change) {
    const auto patched =
        api_->request("PATCH", path, change.dump(), "application/merge-patch+json");
    ASSERT_TRUE(patched) << patched.error().message;
  }
  std::string in_secret(const char* key) {
    return base::base64_decode(get(kSecretPath)["data"].value(key, "")).value();
  }
  std::string bundle() { return get(kMapPath)["data"].value("ca.crt", ""); }
  std::vector<std::string> writes() {
    std::vector<std::string> texts;
    for (const auto& write : api_->writes()) {
      if (write.manager != "test") texts.push_back(write.verb + " " + write.resource);
    }
    api_->forget_writes();
    return texts;
  }
  // That a proxy with this bundle would accept what the replica serves.
  void expect_trusted(const Replica& replica, const std::string& bundle_pem) {
    const std::string leaf = replica.identity().get().chain_pem;
    bool is_trusted = false;
    for (std::size_t at = 0; (at = bundle_pem.find("-----BEGIN", at)) != std::string::npos; ++at) {
      is_trusted |= base::check_issued_by(leaf, bundle_pem.substr(at)).has_value();
    }
    EXPECT_TRUE(is_trusted) << bundle_pem;
  }

  fakes::FakeClock clock_;
  std::unique_ptr<fakes::api_server::Server> api_;
  std::unique_ptr<kube::Client> client_;
};

TEST_F(OwnIdentity, IsMadeAtTheFirstStart) {
  Replica replica(*client_, clock_);
  EXPECT_TRUE(replica.reconcile()) << "what has not been listed proves nothing";
  EXPECT_THAT(writes(), IsEmpty());
  EXPECT_THAT(replica.identity().why_not_ready(), HasSubstr("gatehouse-control-tls"));

  replica.see();
  const auto outcome = replica.reconcile();
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_THAT(writes(), testing::ElementsAre("create secrets", "apply configmaps"));
  EXPECT_EQ(replica.identity().why_not_ready(), "");
  EXPECT_EQ(replica.identity().get().chain_pem, in_secret("tls.crt"));
  EXPECT_EQ(replica.identity().get().key_pem, in_secret("tls.key"));
  EXPECT_EQ(bundle(), in_secret("ca.crt"));
  expect_trusted(replica, bundle());
  EXPECT_EQ(get(kMapPath)["metadata"]["managedFields"][0]["manager"], "gatehouse-operator");
  EXPECT_EQ(get(kMapPath)["metadata"]["managedFields"][0]["operation"], "Apply");

  replica.settle();
  EXPECT_THAT(writes(), IsEmpty()) << "nothing is left to do";
}

TEST_F(OwnIdentity, OfSeveralReplicasOneMakesItAndTheOthersTakeItOver) {
  Replica first(*client_, clock_), second(*client_, clock_), third(*client_, clock_);
  for (Replica* replica : {&first, &second, &third}) replica->see();
  EXPECT_TRUE(first.reconcile());
  for (Replica* replica : {&second, &third}) {
    const auto late = replica->reconcile();
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, base::ErrorKind::conflict);
    EXPECT_EQ(replica->serial(), "none");
    replica->settle();
    EXPECT_EQ(replica->serial(), first.serial());
  }
  EXPECT_THAT(writes(), testing::ElementsAre("create secrets", "apply configmaps"));

  // The renewal is due for all at one moment.
  clock_.advance(hours(24 * 60));
  const std::string before = first.serial();
  for (Replica* replica : {&first, &second, &third}) replica->see();
  EXPECT_TRUE(third.reconcile());
  EXPECT_FALSE(first.reconcile());
  EXPECT_FALSE(second.reconcile());
  EXPECT_EQ(first.serial(), before) << "the old one is good until the new one is seen";
  for (Replica* replica : {&first, &second, &third}) replica->settle();
  EXPECT_NE(first.serial(), before);
  EXPECT_EQ(first.serial(), third.serial());
  EXPECT_EQ(second.serial(), third.serial());
  EXPECT_THAT(writes(), testing::ElementsAre("patch secrets"));
}

TEST_F(OwnIdentity, ASecretThatIsDeletedOrBrokenIsMadeAgain) {
  Replica replica(*client_, clock_);
  replica.settle();
  std::string last = replica.serial();
  const std::function<void()> harms[] = {
      [&] { remove(kSecretPath); },
      [&] {
        patch(kSecretPath, {{"data", {{"tls.crt", "aGVsbG8="}}}});
      },
      [&] {
        patch(kSecretPath, {{"data", {{"ca.key", nullptr}}}});
      },
      [&] {
        patch(kSecretPath, {{"data", nullptr}});
      },
      [&] {
        remove(kSecretPath);
        apply(
            "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\n"
            "metadata: {name: gatehouse-control-tls, namespace: gatehouse-system}\n"
            "stringData: {tls.crt: mine, tls.key: mine}\n");
      },
  };
  for (const auto& harm : harms) {
    harm();
    replica.see();
    EXPECT_EQ(replica.serial(), last) << "the last good one stays meanwhile";
    replica.settle();
    EXPECT_NE(replica.serial(), last);
    last = replica.serial();
    EXPECT_EQ(replica.identity().get().chain_pem, in_secret("tls.crt"));
    expect_trusted(replica, bundle());
  }
}

TEST_F(OwnIdentity, ABundleThatIsDeletedOrChangedIsPublishedAgain) {
  Replica replica(*client_, clock_);
  replica.settle();
  const std::string good = bundle();
  const std::string serial = replica.serial();
  remove(kMapPath);
  replica.settle();
  EXPECT_EQ(bundle(), good);
  apply(
      "apiVersion: v1\nkind: ConfigMap\n"
      "metadata: {name: gatehouse-control-ca, namespace: gatehouse-system}\n"
      "data: {ca.crt: mine, note: stays}\n");
  replica.settle();
  EXPECT_EQ(bundle(), good);
  EXPECT_EQ(get(kMapPath)["data"]["note"], "stays") << "what is another's is left alone";
  EXPECT_EQ(replica.serial(), serial);
}

TEST_F(OwnIdentity, ACaIsReplacedWhileProxiesAndReplicasLag) {
  Replica replica(*client_, clock_), lagging(*client_, clock_);
  replica.settle();
  lagging.settle();
  const std::string old_bundle = bundle();
  clock_.advance(hours(24 * (3650 - 365)));
  replica.settle();
  const std::string both = bundle();
  EXPECT_EQ(base::read_chain(both)->size(), 2U);
  expect_trusted(replica, old_bundle);

  clock_.advance(hours(23));
  replica.settle();
  expect_trusted(replica, old_bundle);
  lagging.settle();
  clock_.advance(hours(1));
  replica.settle();
  EXPECT_FALSE(base::check_issued_by(replica.identity().get().chain_pem, old_bundle));
  expect_trusted(replica, both);
  expect_trusted(lagging, both);
  expect_trusted(replica, bundle());
  expect_trusted(lagging, bundle());
  EXPECT_NE(lagging.serial(), replica.serial());

  lagging.settle();
  EXPECT_EQ(lagging.serial(), replica.serial());
  clock_.advance(hours(24));
  replica.settle();
  EXPECT_EQ(base::read_chain(bundle())->size(), 1U);
  expect_trusted(lagging, bundle());
  EXPECT_EQ(in_secret("previous-ca.crt"), "");
}

TEST_F(OwnIdentity, AnApiServerThatRefusesLeavesTheLastGoodOneServed) {
  Replica replica(*client_, clock_);
  replica.settle();
  const std::string serial = replica.serial();
  patch(kSecretPath, {{"immutable", true}});
  clock_.advance(hours(24 * 60));
  replica.see();
  const auto refused = replica.reconcile();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("immutable"));
  EXPECT_EQ(replica.serial(), serial);
  EXPECT_EQ(replica.identity().why_not_ready(), "");

  Replica fresh(*client_, clock_);
  fresh.see();
  EXPECT_FALSE(fresh.reconcile());
  EXPECT_EQ(fresh.serial(), serial) << "it can be served for another month";
}

}  // namespace
}  // namespace control
