#include "operator/issuer/reconciler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "tests/operator/world/world.h"

namespace {

using fakes::AcmeServer;
using operator_test::World;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const kube::ObjectKey kKeySecret{"gatehouse-system", "ca-account-key"};

class IssuerReconciler : public testing::Test {
 protected:
  void start(AcmeServer::Options options = {}) { world_ = std::make_unique<World>(options); }

  bool run_until_ready(minutes within = minutes(1)) {
    return world_->run_until([&] { return world_->issuer().is_ready(); }, within);
  }

  std::string message() const {
    const api::Issuer issuer = world_->issuer();
    const kube::Condition* ready = kube::find_condition(issuer.conditions, "Ready");
    return ready ? ready->message : "";
  }
  std::string reason() const {
    const api::Issuer issuer = world_->issuer();
    const kube::Condition* ready = kube::find_condition(issuer.conditions, "Ready");
    return ready ? ready->reason : "";
  }

  void TearDown() override { EXPECT_THAT(world_->ca.violations(), IsEmpty()); }

  std::unique_ptr<World> world_;
};

TEST_F(IssuerReconciler, ARegistrationIsTheKeysSecretAndOneStatus) {
  start();
  world_->apply_issuer();
  ASSERT_TRUE(run_until_ready());
  world_->run_for(hours(5));
  EXPECT_THAT(world_->write_texts(), ElementsAre("create secrets/gatehouse-system/ca-account-key",
                                                 "patch clusterissuers/ca/status"));
  EXPECT_EQ(world_->issuer().acme_status.uri, "https://ca.test/acct/1");
  EXPECT_EQ(world_->issuer().acme_status.server, world_->ca.directory_url());
  EXPECT_THAT(world_->ca.contacts_of_newest_account(), ElementsAre("mailto:ops@shop.example"));
  EXPECT_THAT(world_->events.reasons(), IsEmpty());
  const nlohmann::json secret = world_->cluster.get(kube::Secret::type(), kKeySecret);
  EXPECT_EQ(secret.at("type"), "Opaque");
}

TEST_F(IssuerReconciler, ARestartUsesTheSameAccountWithoutAsking) {
  start();
  world_->apply_issuer();
  ASSERT_TRUE(run_until_ready());
  world_->cluster.forget_writes();
  world_->restart();
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  EXPECT_TRUE(world_->run_until_ready());
  EXPECT_EQ(world_->ca.count("newAccount"), 1);
  EXPECT_EQ(world_->cluster.writes().size(), 4u);
}

TEST_F(IssuerReconciler, AnRsaKeyCanBeAskedFor) {
  start();
  nlohmann::json object = world_->issuer_json();
  object["spec"]["acme"]["accountKeyAlgorithm"] = "RS256";
  world_->apply_issuer(object);
  ASSERT_TRUE(run_until_ready());
  const auto secret =
      kube::Secret::from_json(world_->cluster.get(kube::Secret::type(), kKeySecret)).value();
  EXPECT_EQ(base::PrivateKey::from_pem(secret.value("tls.key"))->spec().algorithm,
            base::KeyAlgorithm::rsa);
}

TEST_F(IssuerReconciler, TermsAreNeverAcceptedSilently) {
  AcmeServer::Options options;
  options.terms_of_service = "https://ca.test/terms";
  start(options);
  world_->apply_issuer();
  world_->run_for(minutes(10));
  EXPECT_EQ(reason(), "TermsOfServiceNotAgreed");
  EXPECT_THAT(message(), AllOf(HasSubstr("https://ca.test/terms"),
                               HasSubstr("spec.acme.termsOfServiceAgreed")));
  EXPECT_EQ(world_->issuer().acme_status.terms_of_service, "https://ca.test/terms");
  EXPECT_EQ(world_->ca.count("newAccount"), 0);
  EXPECT_THAT(world_->events.reasons(), ElementsAre("Warning TermsOfServiceNotAgreed"));
  nlohmann::json object = world_->issuer_json();
  object["spec"]["acme"]["termsOfServiceAgreed"] = true;
  world_->apply_issuer(object);
  EXPECT_TRUE(run_until_ready());
}

TEST_F(IssuerReconciler, AnExternalAccountIsBoundWithTheKeyOfItsSecret) {
  AcmeServer::Options options;
  options.external_keys = {{"kid-1", "raw mac key"}};
  start(options);
  nlohmann::json object = world_->issuer_json();
  object["spec"]["acme"]["externalAccountBinding"] = {
      {"keyID", "kid-1"}, {"keySecretRef", {{"name", "eab"}, {"key", "mac"}}}};
  world_->apply_issuer(object);
  world_->run_for(seconds(30));
  EXPECT_EQ(reason(), "ExternalAccountKeyMissing");
  EXPECT_THAT(message(), HasSubstr("key mac of Secret gatehouse-system/eab"));
  world_->cluster.put(
      kube::Secret::type(),
      {{"metadata", {{"name", "eab"}, {"namespace", "gatehouse-system"}}},
       {"type", "Opaque"},
       {"data", {{"mac", base::base64_encode(base::base64url_encode("raw mac key") + "\n")}}}});
  EXPECT_TRUE(run_until_ready(minutes(70))) << message();
}

TEST_F(IssuerReconciler, AnotherMailAddressUpdatesTheAccount) {
  start();
  world_->apply_issuer();
  ASSERT_TRUE(run_until_ready());
  nlohmann::json object = world_->issuer_json();
  object["spec"]["acme"]["email"] = "new@shop.example";
  world_->apply_issuer(object);
  world_->run_for(seconds(5));
  EXPECT_THAT(world_->ca.contacts_of_newest_account(), ElementsAre("mailto:new@shop.example"));
  EXPECT_EQ(world_->issuer().acme_status.last_registered_email, "new@shop.example");
  EXPECT_EQ(world_->ca.count("newAccount"), 1);
}

TEST_F(IssuerReconciler, ADeletedKeyMeansANewAccount) {
  start();
  world_->apply_issuer();
  ASSERT_TRUE(run_until_ready());
  world_->cluster.remove(kube::Secret::type(), kKeySecret);
  world_->run_for(hours(2));
  EXPECT_EQ(world_->ca.count("newAccount"), 2);
  EXPECT_EQ(world_->issuer().acme_status.uri, "https://ca.test/acct/2");
  EXPECT_TRUE(world_->issuer().is_ready());
}

TEST_F(IssuerReconciler, ABrokenKeyIsReportedAndNotOverwritten) {
  start();
  world_->cluster.put(kube::Secret::type(),
                      {{"metadata", {{"name", kKeySecret.name}, {"namespace", "gatehouse-system"}}},
                       {"type", "Opaque"},
                       {"data", {{"tls.key", "Ym9v"}}}});
  world_->apply_issuer();
  world_->run_for(minutes(1));
  EXPECT_EQ(reason(), "AccountKeyBroken");
  EXPECT_THAT(message(), HasSubstr("delete the Secret"));
  EXPECT_EQ(world_->ca.count("newAccount"), 0);
}

TEST_F(IssuerReconciler, ADeletedKeyIsNoticedWithinSecondsAndTheNewAccountTold) {
  start();
  world_->apply_issuer();
  ASSERT_TRUE(run_until_ready());
  world_->cluster.remove(kube::Secret::type(), kKeySecret);
  world_->run_for(seconds(3));
  EXPECT_EQ(world_->issuer().acme_status.uri, "https://ca.test/acct/2");
  EXPECT_TRUE(world_->issuer().is_ready());
  ASSERT_THAT(world_->events.reasons(), ElementsAre("Warning AccountKeyMissing"));
  EXPECT_THAT(world_->events.events[0].note,
              AllOf(HasSubstr("Secret gatehouse-system/ca-account-key"),
                    HasSubstr("https://ca.test/acct/1"), HasSubstr("a new account")));
}

TEST_F(IssuerReconciler, AKeyThatIsSpoiltIsNoticedWithinSecondsAndSoIsTheOldOneWhenItIsBack) {
  start();
  world_->apply_issuer();
  ASSERT_TRUE(run_until_ready());
  const nlohmann::json good = world_->cluster.get(kube::Secret::type(), kKeySecret);
  nlohmann::json spoilt = good;
  spoilt["data"]["tls.key"] = "Ym9v";
  world_->cluster.put(kube::Secret::type(), spoilt);
  world_->run_for(seconds(3));
  EXPECT_EQ(reason(), "AccountKeyBroken");
  EXPECT_THAT(message(), HasSubstr("put the account's private key there, or delete the Secret"));
  world_->cluster.put(kube::Secret::type(), good);
  world_->run_for(seconds(3));
  EXPECT_TRUE(world_->issuer().is_ready());
  EXPECT_EQ(world_->ca.count("newAccount"), 1);
}

TEST_F(IssuerReconciler, WhereNobodyWatchesTheKeyItIsLookedAtEachMinute) {
  start();
  world_->watches_secrets = false;
  world_->apply_issuer();
  ASSERT_TRUE(run_until_ready());
  world_->cluster.remove(kube::Secret::type(), kKeySecret);
  world_->run_for(seconds(62));
  EXPECT_EQ(world_->issuer().acme_status.uri, "https://ca.test/acct/2");
}

// As controllers that copy or label Secrets do.
TEST_F(IssuerReconciler, ASecretThatIsOnlyAnnotatedEachSecondHoldsNoOtherKey) {
  start();
  AcmeServer::Refusal refusal;
  refusal.status = 403;
  refusal.type = "unauthorized";
  world_->ca.refuse("newAccount", refusal, 1000);
  world_->apply_issuer();
  world_->run_for(seconds(3));
  ASSERT_EQ(reason(), "AccountNotValid");
  for (int i = 0; i < 50; ++i) {
    nlohmann::json secret = world_->cluster.get(kube::Secret::type(), kKeySecret);
    secret["metadata"]["annotations"]["copied-at"] = std::to_string(i);
    world_->cluster.put(kube::Secret::type(), secret);
    world_->run_for(seconds(1));
  }
  EXPECT_EQ(world_->ca.count("newAccount"), 1);
}

TEST_F(IssuerReconciler, AnotherSpecEachSecondThatFailsIsTriedThreeTimesAndThenEachMinute) {
  start();
  AcmeServer::Refusal refusal;
  refusal.status = 400;
  refusal.type = "invalidContact";
  world_->ca.refuse("newAccount", refusal, 1000);
  nlohmann::json issuer = world_->issuer_json();
  for (int i = 0; i < 300; ++i) {
    issuer["spec"]["acme"]["email"] = "ops" + std::to_string(i) + "@shop.example";
    world_->apply_issuer(issuer);
    world_->run_for(seconds(1));
  }
  EXPECT_LE(world_->ca.count("newAccount"), 3 + 5);
  world_->ca.forget_faults();
  issuer["spec"]["acme"]["email"] = "ops@shop.example";
  world_->apply_issuer(issuer);
  EXPECT_TRUE(run_until_ready(minutes(2)));
}

TEST_F(IssuerReconciler, TheKeyOfAnExternalAccountIsNoticedWhenItComes) {
  AcmeServer::Options options;
  options.external_keys = {{"kid-1", "0123456789abcdef0123456789abcdef"}};
  start(options);
  nlohmann::json issuer = world_->issuer_json();
  issuer["spec"]["acme"]["externalAccountBinding"] = {
      {"keyID", "kid-1"}, {"keySecretRef", {{"name", "eab"}, {"key", "hmac"}}}};
  world_->apply_issuer(issuer);
  world_->run_for(minutes(10));
  ASSERT_EQ(reason(), "ExternalAccountKeyMissing");
  world_->cluster.put(
      kube::Secret::type(),
      {{"metadata", {{"name", "eab"}, {"namespace", "gatehouse-system"}}},
       {"type", "Opaque"},
       {"data",
        {{"hmac",
          base::base64_encode(base::base64url_encode("0123456789abcdef0123456789abcdef"))}}}});
  world_->run_for(seconds(3));
  EXPECT_TRUE(world_->issuer().is_ready()) << message();
}

TEST_F(IssuerReconciler, ASecretNameThatTheApiServerRefusesIsToldInStatus) {
  start();
  nlohmann::json issuer = world_->issuer_json();
  issuer["spec"]["acme"]["privateKeySecretRef"]["name"] = "not/a/name";
  world_->apply_issuer(issuer);
  world_->run_for(seconds(3));
  EXPECT_EQ(reason(), "AccountKeyNotRead");
  EXPECT_THAT(message(), AllOf(HasSubstr("not/a/name"), HasSubstr("privateKeySecretRef")));
  EXPECT_THAT(world_->events.reasons(), ElementsAre("Warning AccountKeyNotRead"));
}

TEST_F(IssuerReconciler, WhatCannotBeReadSaysSoInItsOwnStatus) {
  start();
  nlohmann::json issuer = world_->issuer_json();
  issuer["spec"]["acme"]["caBundle"] = "no base64!";
  world_->cluster.put(api::Issuer::type(true), issuer);
  world_->run_for(seconds(3));
  const auto conditions =
      world_->cluster.get(api::Issuer::type(true), {"", "ca"})["status"]["conditions"];
  EXPECT_THAT(conditions.dump(), AllOf(HasSubstr("InvalidSpec"), HasSubstr("spec.acme.caBundle"),
                                       HasSubstr("leaving it as it is")));
}

TEST_F(IssuerReconciler, ARefusalIsShownInTheServersWordsAndTriedAgainLater) {
  start();
  AcmeServer::Refusal refusal;
  refusal.status = 429;
  refusal.type = "rateLimited";
  refusal.detail = "too many accounts from here";
  refusal.retry_after = "120";
  world_->ca.refuse("newAccount", refusal);
  world_->apply_issuer();
  world_->run_for(seconds(60));
  EXPECT_EQ(reason(), "RegistrationFailed");
  EXPECT_THAT(message(),
              AllOf(HasSubstr("too many accounts from here"), HasSubstr("trying again at 00:02:")));
  EXPECT_EQ(world_->ca.count("newAccount"), 1);
  EXPECT_TRUE(run_until_ready(minutes(2)));
}

TEST_F(IssuerReconciler, AServerOutOfReachIsSaidAndRetriedSoon) {
  start();
  world_->ca.lose_requests("directory", 2);
  world_->apply_issuer();
  world_->run_for(seconds(1));
  EXPECT_EQ(reason(), "DirectoryNotRead");
  EXPECT_TRUE(run_until_ready());
}

TEST_F(IssuerReconciler, AReadyAccountOutlivesAnHourWithoutItsServer) {
  start();
  world_->apply_issuer();
  ASSERT_TRUE(run_until_ready());
  world_->ca.lose_requests("directory", 1000);
  world_->run_for(hours(3));
  EXPECT_TRUE(world_->issuer().is_ready());
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  EXPECT_TRUE(world_->run_until_ready());
}

TEST_F(IssuerReconciler, ProfilesAreListedAndAnUnknownOneRefused) {
  AcmeServer::Options options;
  options.profiles = {{"classic", "as ever"}, {"shortlived", "six days"}};
  start(options);
  nlohmann::json object = world_->issuer_json();
  object["spec"]["acme"]["profile"] = "golden";
  world_->apply_issuer(object);
  world_->run_for(seconds(5));
  EXPECT_EQ(reason(), "ProfileNotOffered");
  EXPECT_THAT(world_->issuer().acme_status.profiles,
              ElementsAre("classic: as ever", "shortlived: six days"));
  object["spec"]["acme"]["profile"] = "shortlived";
  world_->apply_issuer(object);
  ASSERT_TRUE(run_until_ready());
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  EXPECT_TRUE(world_->run_until_ready());
}

TEST_F(IssuerReconciler, EndlessNamesOfProfilesAreCut) {
  AcmeServer::Options options;
  for (int i = 100; i < 200; ++i) {
    options.profiles[std::to_string(i) + std::string(500, 'x')] = std::string(500, 'y');
  }
  start(options);
  auto issuer = world_->issuer_json();
  issuer["spec"]["acme"]["profile"] = "tls";
  world_->apply_issuer(issuer);
  world_->run_for(seconds(10));
  EXPECT_EQ(reason(), "ProfileNotOffered");
  EXPECT_LE(message().size(), 32'768u) << "as the definition has it";
  EXPECT_THAT(message(), HasSubstr("remedy: set spec.acme.profile to one that is offered"));
}

TEST_F(IssuerReconciler, KilledAfterEachEffectItEndsInOneAccount) {
  for (int at = 1; at < 20; ++at) {
    SCOPED_TRACE("killed after effect " + std::to_string(at));
    start();
    world_->kill.effects_left = at;
    world_->apply_issuer();
    world_->run_until([&] { return world_->kill.is_dead || world_->issuer().is_ready(); });
    if (!world_->kill.is_dead) return;
    world_->restart();
    ASSERT_TRUE(run_until_ready());
    EXPECT_EQ(world_->issuer().acme_status.uri, "https://ca.test/acct/1");
  }
  FAIL() << "the registration has no end";
}

}  // namespace
