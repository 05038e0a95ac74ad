#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/x509.h"
#include "tests/operator/world/world.h"

// Issuing and renewing against a strict ACME server and a strict API: what is written, what is
// said, and in which order.
namespace {

using operator_test::World;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Issuance : public testing::Test {
 protected:
  // A World with a ready issuer and nothing noted yet.
  void start(fakes::AcmeServer::Options acme_options = {},
             certificate::ReconcilerOptions options = {}) {
    world_ = std::make_unique<World>(std::move(acme_options), options);
    world_->apply_issuer();
    ASSERT_TRUE(world_->run_until([&] { return world_->issuer().is_ready(); }));
    world_->cluster.forget_writes();
  }

  void issue(const std::vector<std::string>& names = {"www.shop.example"}) {
    world_->apply_certificate(World::certificate_json(names));
    ASSERT_TRUE(world_->run_until_ready())
        << world_->message(api::kReady) << "; " << world_->message(api::kIssuing);
  }

  void expect_matching_pair(const std::string& secret = "www-tls") {
    const base::Status pair = base::check_key_pair(world_->secret_value("tls.crt", secret),
                                                   world_->secret_value("tls.key", secret));
    EXPECT_TRUE(pair) << pair.error().message;
  }

  void TearDown() override {
    if (!world_) return;
    EXPECT_THAT(world_->ca.violations(), IsEmpty());
  }

  std::unique_ptr<World> world_;
};

TEST_F(Issuance, TheFirstOneIsFourWritesAndTwoEvents) {
  start();
  issue();
  world_->run_for(std::chrono::seconds(20));
  EXPECT_THAT(world_->write_texts(),
              ElementsAre("patch certificates/shop/www/status", "apply secrets/shop/www-tls",
                          "apply secrets/shop/www-tls", "patch certificates/shop/www/status"));
  EXPECT_THAT(world_->events.reasons(), ElementsAre("Normal Issuing", "Normal Issued"));
  expect_matching_pair();
  EXPECT_EQ(world_->secret_value("next-tls.key"), "");
}

TEST_F(Issuance, ItTakesLittleMoreThanTheServersAnswers) {
  start();
  const auto before = world_->elapsed();
  issue();
  EXPECT_LT(world_->elapsed() - before, std::chrono::milliseconds(300));
}

TEST_F(Issuance, StatusTellsTheWholeStory) {
  start();
  issue();
  const api::CertificateStatus status = world_->certificate().status;
  const auto leaf = base::read_chain(world_->secret_value("tls.crt"))->front();
  EXPECT_EQ(status.serial_number, leaf.serial);
  EXPECT_EQ(status.fingerprint_sha256, leaf.fingerprint_sha256);
  EXPECT_EQ(status.not_after, leaf.not_after);
  EXPECT_EQ(status.issuer, leaf.issuer);
  EXPECT_EQ(status.revision, 1);
  EXPECT_FALSE(status.order);
  EXPECT_THAT(status.last_order_url, HasSubstr("https://ca.test/order/"));
  EXPECT_EQ(status.observed_generation, 1);
  EXPECT_EQ(world_->reason(api::kReady), "Ready");
  EXPECT_EQ(world_->reason(api::kIssuing), "Issued");
  EXPECT_EQ(world_->reason(api::kServing), "Served");
  EXPECT_EQ(world_->message(api::kServing), "the proxies serve serial " + leaf.serial);
}

TEST_F(Issuance, TheSecretSaysWhereItComesFrom) {
  start();
  auto object = World::certificate_json({"www.shop.example"});
  object["spec"]["secretTemplate"] = {{"labels", {{"team", "shop"}}},
                                      {"annotations", {{"note", "ours"}}}};
  world_->apply_certificate(object);
  ASSERT_TRUE(world_->run_until_ready());
  const nlohmann::json secret = world_->secret();
  EXPECT_EQ(secret.at("type"), "kubernetes.io/tls");
  EXPECT_EQ(secret.at("metadata").at("labels"), nlohmann::json({{"team", "shop"}}));
  EXPECT_EQ(
      secret.at("metadata").at("annotations"),
      nlohmann::json({{"note", "ours"},
                      {"gatehouse.dev/certificate-name", "www"},
                      {"gatehouse.dev/issuer-name", "ca"},
                      {"gatehouse.dev/issuer-kind", "ClusterIssuer"},
                      {"gatehouse.dev/acme-server", world_->ca.directory_url()},
                      {"gatehouse.dev/order-url", world_->certificate().status.last_order_url}}));
  EXPECT_FALSE(secret.at("metadata").contains("ownerReferences"));
}

TEST_F(Issuance, TheCertificateOwnsItsSecretWhenTold) {
  certificate::ReconcilerOptions options;
  options.secret_owner_reference = true;
  start({}, options);
  issue();
  const nlohmann::json owners = world_->secret().at("metadata").at("ownerReferences");
  ASSERT_EQ(owners.size(), 1u);
  EXPECT_EQ(owners[0].at("uid"), world_->certificate().metadata.uid);
}

TEST_F(Issuance, AChangedTemplateIsWrittenToTheSecretOnce) {
  start();
  issue();
  auto object = World::certificate_json({"www.shop.example"});
  object["spec"]["secretTemplate"] = {{"labels", {{"team", "shop"}}}};
  world_->cluster.forget_writes();
  world_->apply_certificate(object);
  world_->run_for(std::chrono::seconds(5));
  EXPECT_THAT(world_->write_texts(),
              ElementsAre("apply secrets/shop/www-tls", "patch certificates/shop/www/status"));
  EXPECT_EQ(world_->secret().at("metadata").at("labels").at("team"), "shop");
  expect_matching_pair();
}

TEST_F(Issuance, ManyNamesAreOneOrder) {
  start();
  issue({"a.shop.example", "b.shop.example", "c.shop.example"});
  EXPECT_EQ(world_->ca.count("newOrder"), 1);
  EXPECT_EQ(world_->ca.count("challenge"), 3);
  EXPECT_EQ(world_->cluster.writes().size(), 4u);
}

TEST_F(Issuance, AnAddressGetsACertificateToo) {
  start();
  auto object = World::certificate_json({});
  object["spec"]["ipAddresses"] = {"192.0.2.7"};
  world_->apply_certificate(object);
  ASSERT_TRUE(world_->run_until_ready()) << world_->message(api::kIssuing);
  EXPECT_THAT(base::read_chain(world_->secret_value("tls.crt"))->front().ip_addresses,
              ElementsAre("192.0.2.7"));
}

TEST_F(Issuance, ReusedAuthorizationsAreNotProvenAgain) {
  fakes::AcmeServer::Options reuse;
  reuse.reuses_authorizations = true;
  start(reuse);
  issue();
  world_->annotate("www", api::kRenewRequestedAnnotation, "now");
  world_->cluster.forget_writes();
  ASSERT_TRUE(world_->run_until([&] { return world_->certificate().status.revision == 2; }));
  EXPECT_EQ(world_->ca.count("challenge"), 1);
  EXPECT_EQ(world_->cluster.writes().size(), 4u);
}

// ---- Renewal and re-issue

TEST_F(Issuance, ItIsRenewedAtAThirdOfItsLifeLeftInFourWrites) {
  fakes::AcmeServer::Options without_window;
  without_window.has_renewal_info = false;
  start(without_window);
  issue();
  const std::string serial = world_->certificate().status.serial_number;
  const std::string key = world_->secret_value("tls.key");
  world_->cluster.forget_writes();
  world_->events.events.clear();
  world_->run_for(std::chrono::hours(24 * 59));
  EXPECT_THAT(world_->write_texts(), IsEmpty());
  world_->run_for(std::chrono::hours(24 * 2));
  EXPECT_NE(world_->certificate().status.serial_number, serial);
  EXPECT_NE(world_->secret_value("tls.key"), key);
  EXPECT_EQ(world_->certificate().status.revision, 2);
  EXPECT_THAT(world_->write_texts(), SizeIs(4));
  EXPECT_THAT(world_->events.reasons(), ElementsAre("Normal Issuing", "Normal Issued"));
  expect_matching_pair();
}

TEST_F(Issuance, WhileItIsRenewedTheOldCertificateStaysReadyAndInTheSecret) {
  start();
  issue();
  const std::string chain = world_->secret_value("tls.crt");
  world_->data_plane.deaf = 1;
  world_->annotate("www", api::kRenewRequestedAnnotation, "now");
  world_->run_for(std::chrono::seconds(30));
  EXPECT_TRUE(kube::is_true(world_->certificate().status.conditions, api::kReady));
  EXPECT_EQ(world_->secret_value("tls.crt"), chain);
  expect_matching_pair();
  EXPECT_NE(world_->secret_value("next-tls.key"), "");
}

TEST_F(Issuance, ARequestedRenewalHappensOnce) {
  start();
  issue();
  world_->annotate("www", api::kRenewRequestedAnnotation, "2026-01-02");
  world_->run_for(std::chrono::minutes(10));
  EXPECT_EQ(world_->certificate().status.revision, 2);
  EXPECT_EQ(world_->certificate().status.last_renewal_request, "2026-01-02");
  EXPECT_EQ(world_->ca.count("newOrder"), 2);
}

TEST_F(Issuance, AKeyThatIsNotRotatedStays) {
  start();
  auto object = World::certificate_json({"www.shop.example"});
  object["spec"]["privateKey"] = {{"rotationPolicy", "Never"}};
  world_->apply_certificate(object);
  ASSERT_TRUE(world_->run_until_ready());
  const std::string key = world_->secret_value("tls.key");
  world_->annotate("www", api::kRenewRequestedAnnotation, "now");
  world_->run_for(std::chrono::seconds(10));
  EXPECT_EQ(world_->certificate().status.revision, 2);
  EXPECT_EQ(world_->secret_value("tls.key"), key);
  expect_matching_pair();
}

TEST_F(Issuance, ADeletedSecretIsMadeAgain) {
  start();
  issue();
  world_->cluster.remove(kube::Secret::type(), {"shop", "www-tls"});
  world_->run_for(std::chrono::seconds(10));
  EXPECT_EQ(world_->certificate().status.revision, 2);
  expect_matching_pair();
}

TEST_F(Issuance, ABrokenSecretIsRepairedWithoutAnOrder) {
  start();
  issue();
  const std::string chain = world_->secret_value("tls.crt");
  nlohmann::json secret = world_->secret();
  secret["data"]["tls.crt"] = "Z2FyYmFnZQ==";
  world_->cluster.put(kube::Secret::type(), secret);
  world_->run_for(std::chrono::seconds(10));
  EXPECT_EQ(world_->secret_value("tls.crt"), chain);
  EXPECT_EQ(world_->ca.count("newOrder"), 1);
  expect_matching_pair();
}

TEST_F(Issuance, AForeignKeyInTheSecretIsReplacedWithoutAnOrder) {
  start();
  issue();
  world_->apply_certificate(World::certificate_json({"other.shop.example"}, "other"));
  ASSERT_TRUE(world_->run_until_ready("other"));
  nlohmann::json secret = world_->secret();
  secret["data"]["tls.key"] = world_->secret("other-tls")["data"]["tls.key"];
  world_->cluster.put(kube::Secret::type(), secret);
  world_->run_for(std::chrono::seconds(10));
  EXPECT_EQ(world_->ca.count("newOrder"), 2) << "of www and of other";
  expect_matching_pair();
}

TEST_F(Issuance, OtherNamesAreOrderedAnew) {
  start();
  issue();
  world_->apply_certificate(World::certificate_json({"www.shop.example", "api.shop.example"}));
  world_->run_for(std::chrono::seconds(10));
  EXPECT_THAT(base::read_chain(world_->secret_value("tls.crt"))->front().dns_names,
              ElementsAre("api.shop.example", "www.shop.example"));
}

TEST_F(Issuance, NamesThatChangeDuringAnOrderEndInOneCertificateForTheNewOnes) {
  start();
  world_->data_plane.deaf = 2;
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(std::chrono::seconds(5));
  world_->apply_certificate(World::certificate_json({"api.shop.example"}));
  world_->data_plane.deaf = 0;
  ASSERT_TRUE(world_->run_until_ready());
  EXPECT_THAT(world_->ca.issued(), SizeIs(1));
  EXPECT_THAT(base::read_chain(world_->secret_value("tls.crt"))->front().dns_names,
              ElementsAre("api.shop.example"));
}

TEST_F(Issuance, AnotherKeyAlgorithmIsOrderedAnew) {
  start();
  issue();
  auto object = World::certificate_json({"www.shop.example"});
  object["spec"]["privateKey"] = {{"algorithm", "ECDSA"}, {"size", 384}};
  world_->apply_certificate(object);
  world_->run_for(std::chrono::seconds(10));
  EXPECT_EQ(base::PrivateKey::from_pem(world_->secret_value("tls.key"))->spec().bits, 384);
  expect_matching_pair();
}

// ---- The data plane is asked first

TEST_F(Issuance, NothingIsAnsweredBeforeEveryProxyDoes) {
  start();
  world_->data_plane.deaf = 1;
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(std::chrono::seconds(25));
  EXPECT_EQ(world_->ca.count("challenge"), 0);
  EXPECT_EQ(world_->message(api::kIssuing),
            "waiting for proxies: 1/2 answer the challenge for www.shop.example; "
            "10.0.0.7:80: HTTP 404");
  world_->data_plane.deaf = 0;
  EXPECT_TRUE(world_->run_until_ready());
  EXPECT_EQ(world_->ca.count("newOrder"), 1);
}

TEST_F(Issuance, WhatTheProxiesSayIsAdviceAndAfterHalfAMinuteTheServerIsAsked) {
  start();
  world_->data_plane.deaf = 1;
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(std::chrono::seconds(40));
  EXPECT_EQ(world_->ca.count("challenge"), 1);
  EXPECT_THAT(world_->events.reasons(), testing::Contains("Warning ProxyNotAnswering"));
}

TEST_F(Issuance, AProxyThatCannotBeReachedHoldsNothingUpWhereMostAnswer) {
  start();
  world_->data_plane.ready = 3;
  world_->data_plane.silent = 1;
  const auto before = world_->elapsed();
  issue();
  EXPECT_LT(world_->elapsed() - before, std::chrono::seconds(1));
  EXPECT_EQ(world_->reason(api::kServing), "Served");
  EXPECT_THAT(world_->events.reasons(), testing::Contains("Warning ProxyNotAnswering"));
  for (const auto& event : world_->events.events) {
    if (event.reason != "ProxyNotAnswering") continue;
    EXPECT_THAT(event.note, HasSubstr("10.0.0.9:80"));
  }
}

TEST_F(Issuance, OneOfTwoThatCannotBeReachedHoldsItUpForHalfAMinute) {
  start();
  world_->data_plane.silent = 1;
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  EXPECT_TRUE(world_->run_until_ready("www", std::chrono::seconds(40)));
  EXPECT_EQ(world_->reason(api::kServing), "Served");
}

TEST_F(Issuance, NoProxyIsAskedBeforeItHasTakenOverTheAnswer) {
  start();
  world_->data_plane.has_taken_over = false;
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(std::chrono::seconds(1));
  EXPECT_EQ(world_->data_plane.challenge_looks, 0);
  world_->data_plane.has_taken_over = true;
  EXPECT_TRUE(world_->run_until_ready());
}

TEST_F(Issuance, ProxiesThatComeAndGoCostACertificateThatIsServedNothing) {
  start();
  issue();
  world_->run_for(std::chrono::minutes(1));
  const int looks = world_->data_plane.serial_looks;
  world_->cluster.forget_writes();
  for (int i = 0; i < 20; ++i) {
    world_->data_plane.ready = 2 + i % 2;
    world_->proxies_changed();
    world_->run_for(std::chrono::seconds(10));
  }
  EXPECT_EQ(world_->data_plane.serial_looks, looks);
  EXPECT_THAT(world_->write_texts(), IsEmpty());
}

TEST_F(Issuance, WhenTheLastProxyIsGoneItIsSaidAndWhenOneIsBackNobodyIsAsked) {
  start();
  issue();
  world_->run_for(std::chrono::minutes(1));
  const int looks = world_->data_plane.serial_looks;
  world_->cluster.forget_writes();
  world_->data_plane.ready = 0;
  world_->proxies_changed();
  world_->run_for(std::chrono::seconds(30));
  EXPECT_EQ(world_->reason(api::kServing), "NoReadyProxies");
  world_->data_plane.ready = 1;
  world_->proxies_changed();
  world_->run_for(std::chrono::seconds(30));
  EXPECT_EQ(world_->reason(api::kServing), "Served");
  EXPECT_EQ(world_->data_plane.serial_looks, looks);
  EXPECT_EQ(world_->cluster.writes().size(), 2u);
}

TEST_F(Issuance, AProxyThatIsReplacedWithinSecondsCostsNoWriteWhereItIsTheOnlyOne) {
  start();
  world_->data_plane.ready = 1;
  issue();
  world_->cluster.forget_writes();
  for (int i = 0; i < 20; ++i) {
    world_->data_plane.ready = static_cast<std::size_t>(i % 2);
    world_->proxies_changed();
    world_->run_for(std::chrono::seconds(8));
  }
  EXPECT_THAT(world_->write_texts(), IsEmpty());
}

TEST_F(Issuance, ACertificateThatTheProxiesAreNotGivenAnyMoreIsSaidWithoutAHandshake) {
  start();
  issue();
  world_->run_for(std::chrono::minutes(1));
  const int looks = world_->data_plane.serial_looks;
  world_->data_plane.given = certificate::Given::no;
  world_->given_changed("shop/www-tls");
  world_->run_for(std::chrono::seconds(1));
  EXPECT_EQ(world_->reason(api::kServing), "NotServed");
  EXPECT_THAT(world_->message(api::kServing), HasSubstr("the proxies are not given serial"));
  world_->data_plane.given = certificate::Given::taken_over;
  world_->given_changed("shop/www-tls");
  world_->run_for(std::chrono::seconds(1));
  EXPECT_EQ(world_->reason(api::kServing), "Served");
  EXPECT_EQ(world_->data_plane.serial_looks, looks);
}

TEST_F(Issuance, AnswersOfProxiesThatComeLaterHoldNothingUp) {
  start();
  world_->data_plane.answers_later = true;
  const auto before = world_->elapsed();
  issue({"a.shop.example", "b.shop.example"});
  EXPECT_LT(world_->elapsed() - before, std::chrono::seconds(1));
  EXPECT_EQ(world_->reason(api::kServing), "Served");
  EXPECT_EQ(world_->cluster.writes().size(), 4u);
}

TEST_F(Issuance, WithoutAReadyProxyNothingIsAnswered) {
  start();
  world_->data_plane.ready = 0;
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(std::chrono::seconds(30));
  EXPECT_EQ(world_->ca.count("challenge"), 0);
  EXPECT_THAT(world_->message(api::kIssuing), HasSubstr("proxies: none is ready"));
}

TEST_F(Issuance, AProxyThatLagsBehindDelaysServingAndNotReady) {
  start();
  world_->data_plane.behind = 1;
  const auto before = world_->elapsed();
  issue();
  EXPECT_GE(world_->elapsed() - before, std::chrono::seconds(3));
  EXPECT_LT(world_->elapsed() - before, std::chrono::seconds(4));
  EXPECT_EQ(world_->reason(api::kServing), "NotServed");
  EXPECT_THAT(world_->message(api::kServing), HasSubstr("1/2 proxies serve serial"));
  world_->data_plane.behind = 0;
  world_->run_for(std::chrono::minutes(1));
  EXPECT_EQ(world_->reason(api::kServing), "Served");
  EXPECT_EQ(world_->cluster.writes().size(), 5u);
}

TEST_F(Issuance, AServedCertificateIsNotLookedAtWithoutAReason) {
  start();
  issue();
  world_->run_for(std::chrono::minutes(1));
  const int looks = world_->data_plane.serial_looks;
  world_->run_for(std::chrono::hours(30));
  EXPECT_LE(world_->data_plane.serial_looks, looks + 3) << "a sample each 12 hours";
}

// ---- RFC 9773

TEST_F(Issuance, TheServersWindowDecidesWhenToRenew) {
  start();
  const auto window_start = world_->clock.now() + std::chrono::hours(24 * 10);
  const auto window_end = window_start + std::chrono::hours(24);
  world_->ca.set_renewal_window(window_start, window_end, "https://ca.test/why");
  issue();
  const api::CertificateStatus status = world_->certificate().status;
  ASSERT_TRUE(status.renewal_info);
  EXPECT_EQ(status.renewal_info->explanation_url, "https://ca.test/why");
  EXPECT_GE(*status.renewal_time, window_start);
  EXPECT_LE(*status.renewal_time, window_end);
  EXPECT_EQ(world_->cluster.writes().size(), 4u);
  world_->ca.set_renewal_window(window_start + std::chrono::hours(24 * 40),
                                window_end + std::chrono::hours(24 * 40));
  world_->cluster.forget_writes();
  world_->run_for(std::chrono::hours(24 * 12));
  EXPECT_EQ(world_->cluster.writes().size(), 1u) << "a moved window is one write";
  EXPECT_EQ(world_->certificate().status.revision, 1);
}

TEST_F(Issuance, AnUnchangedWindowIsNotWrittenAgain) {
  start();
  const auto window_start = world_->clock.now() + std::chrono::hours(24 * 50);
  world_->ca.set_renewal_window(window_start, window_start + std::chrono::hours(24));
  issue();
  world_->cluster.forget_writes();
  world_->run_for(std::chrono::hours(24 * 5));
  EXPECT_GT(world_->ca.count("renewalInfo"), 10);
  EXPECT_THAT(world_->write_texts(), IsEmpty());
}

TEST_F(Issuance, ARefusedReplacesIsLeftOut) {
  start();
  issue();
  fakes::AcmeServer::Refusal refusal;
  refusal.status = 409;
  refusal.type = "alreadyReplaced";
  world_->ca.refuse("newOrder", refusal);
  world_->annotate("www", api::kRenewRequestedAnnotation, "now");
  world_->run_for(std::chrono::seconds(10));
  EXPECT_EQ(world_->certificate().status.revision, 2);
  EXPECT_EQ(world_->certificate().status.failed_issuance_attempts, 0);
}

// ---- Conflicts and obstacles

TEST_F(Issuance, TheOlderCertificateHasTheSecretAndTheYoungerIsToldSo) {
  start();
  issue();
  auto younger = World::certificate_json({"api.shop.example"}, "api");
  younger["spec"]["secretName"] = "www-tls";
  younger["metadata"]["creationTimestamp"] = "2026-01-01T00:00:09Z";
  world_->apply_certificate(younger);
  world_->run_for(std::chrono::minutes(10));
  EXPECT_EQ(world_->reason(api::kReady, "api"), "SecretConflict");
  EXPECT_THAT(world_->message(api::kReady, "api"), HasSubstr("Certificate shop/www"));
  EXPECT_THAT(world_->ca.issued(), SizeIs(1));
  world_->cluster.remove(api::Certificate::type(), {"shop", "www"});
  EXPECT_TRUE(world_->run_until_ready("api"));
}

TEST_F(Issuance, ASecretOfAnotherTypeIsLeftAlone) {
  start();
  world_->cluster.put(kube::Secret::type(),
                      {{"metadata", {{"name", "www-tls"}, {"namespace", "shop"}}},
                       {"type", "Opaque"},
                       {"data", {{"mine", "Ym9v"}}}});
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(std::chrono::minutes(10));
  EXPECT_EQ(world_->reason(api::kReady), "SecretTypeConflict");
  EXPECT_EQ(world_->ca.count("newOrder"), 0);
  EXPECT_EQ(world_->secret_value("mine"), "boo");
  world_->cluster.remove(kube::Secret::type(), {"shop", "www-tls"});
  EXPECT_TRUE(world_->run_until_ready("www", std::chrono::minutes(3)));
}

TEST_F(Issuance, AMissingIssuerIsSaidAndItsComingNoticed) {
  world_ = std::make_unique<World>();
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(std::chrono::minutes(10));
  EXPECT_EQ(world_->reason(api::kReady), "IssuerNotFound");
  EXPECT_THAT(world_->events.reasons(), ElementsAre("Warning IssuerNotFound"));
  world_->apply_issuer();
  EXPECT_TRUE(world_->run_until_ready());
}

TEST_F(Issuance, AnIssuerThatKeepsFailingCostsItsCertificatesOneWrite) {
  world_ = std::make_unique<World>();
  world_->ca.lose_requests("directory", 1000);
  world_->apply_issuer();
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(std::chrono::minutes(30));
  EXPECT_EQ(world_->reason(api::kReady), "IssuerNotReady");
  EXPECT_THAT(world_->message(api::kReady), HasSubstr("could not connect to the server"));
  const auto writes = world_->write_texts();
  EXPECT_EQ(std::count(writes.begin(), writes.end(), "patch certificates/shop/www/status"), 1);
}

TEST_F(Issuance, WithoutItsIssuerAnIssuedCertificateIsLeftInPeace) {
  start();
  const auto window_start = world_->clock.now() + std::chrono::hours(24 * 50);
  world_->ca.set_renewal_window(window_start, window_start + std::chrono::hours(24));
  issue();
  world_->cluster.remove(api::Issuer::type(true), {"", "ca"});
  world_->cluster.forget_writes();
  world_->restart();
  world_->run_for(std::chrono::hours(48));  // fails when the reconciler does not come to rest
  EXPECT_TRUE(kube::is_true(world_->certificate().status.conditions, api::kReady));
  EXPECT_THAT(world_->write_texts(), IsEmpty());
}

TEST_F(Issuance, AnIssuerThatComesTogetherWithItCostsNoWrite) {
  world_ = std::make_unique<World>();
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->apply_issuer();
  EXPECT_TRUE(world_->run_until_ready());
  EXPECT_THAT(world_->write_texts(),
              ElementsAre("create secrets/gatehouse-system/ca-account-key",
                          "patch clusterissuers/ca/status", "patch certificates/shop/www/status",
                          "apply secrets/shop/www-tls", "apply secrets/shop/www-tls",
                          "patch certificates/shop/www/status"));
}

TEST_F(Issuance, AWildcardIsRefusedBeforeAnOrderIsSpentOnIt) {
  start();
  world_->apply_certificate(World::certificate_json({"*.shop.example"}));
  world_->run_for(std::chrono::minutes(10));
  EXPECT_EQ(world_->reason(api::kReady), "InvalidNames");
  EXPECT_THAT(world_->message(api::kReady), HasSubstr("wildcard"));
  EXPECT_EQ(world_->ca.count("newOrder"), 0);
}

// ---- Views that lag behind

TEST_F(Issuance, ALaggingStoreNeverCausesASecondOrderOrWrite) {
  for (const int lag : {1, 2, 3, 5, 8}) {
    SCOPED_TRACE(lag);
    start();
    world_->store_lag = lag;
    world_->apply_certificate(World::certificate_json({"www.shop.example"}));
    world_->run_for(std::chrono::minutes(5));
    EXPECT_EQ(world_->ca.count("newOrder"), 1);
    EXPECT_THAT(world_->ca.issued(), SizeIs(1));
    EXPECT_EQ(world_->cluster.writes().size(), 4u);
    EXPECT_EQ(world_->certificate().status.revision, 1);
    expect_matching_pair();
  }
}

}  // namespace
