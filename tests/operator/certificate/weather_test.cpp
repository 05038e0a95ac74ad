#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "base/certificate_view.h"
#include "base/x509.h"
#include "tests/operator/world/world.h"

// Bad weather: whatever wants certificates again and again, other writers of the Secret, orders
// that do not end. What is counted is what it costs the CA.
namespace {

using fakes::AcmeServer;
using nlohmann::json;
using operator_test::World;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class Weather : public testing::Test {
 protected:
  void start(AcmeServer::Options acme_options = {}) {
    world_ = std::make_unique<World>(std::move(acme_options));
    world_->apply_issuer();
    ASSERT_TRUE(world_->run_until([&] { return world_->issuer().is_ready(); }));
  }

  void issue(const std::vector<std::string>& names = {"www.shop.example"}) {
    world_->apply_certificate(World::certificate_json(names));
    ASSERT_TRUE(world_->run_until_ready()) << world_->message(api::kIssuing);
  }

  // Another controller, or a person, as server-side apply or a merge patch leaves it.
  void overwrite(const std::string& chain, const std::string& key) {
    json secret = world_->secret();
    secret["data"] = {{"tls.crt", base::base64_encode(chain)},
                      {"tls.key", base::base64_encode(key)}};
    secret["metadata"]["managedFields"] = {{{"manager", "argocd"},
                                            {"operation", "Apply"},
                                            {"fieldsV1", {{"f:data", {{"f:tls.crt", {}}}}}}}};
    world_->cluster.put(kube::Secret::type(), secret);
  }

  int orders() const { return world_->ca.count("newOrder"); }
  std::string chain() const { return world_->secret_value("tls.crt"); }

  std::unique_ptr<World> world_;
};

// ---- Success has a pace

TEST_F(Weather, AWindowInThePastForEveryCertificateCostsOneOrderADay) {
  start();
  world_->ca.set_renewal_window(world_->clock.now() - hours(48), world_->clock.now() - hours(24));
  issue();
  world_->run_for(hours(1));
  EXPECT_EQ(orders(), 1);
  world_->run_for(hours(24 * 3));
  EXPECT_LE(orders(), 4);
}

TEST_F(Weather, ASecretThatIsDeletedWheneverItAppearsIsOrderedOnceMoreAndThenWrittenFromMemory) {
  start();
  issue();
  for (int i = 0; i < 60; ++i) {
    world_->cluster.remove(kube::Secret::type(), {"shop", "www-tls"});
    world_->run_for(milliseconds(250));
  }
  EXPECT_LE(orders(), 2);
  EXPECT_THAT(world_->events.reasons(), Contains("Warning SecretContested"));
  world_->run_for(hours(1));
  EXPECT_LE(orders(), 3);
  EXPECT_FALSE(chain().empty());
}

TEST_F(Weather, AnHourOfDeletionsNeverPassesThePace) {
  start();
  issue();
  for (int i = 0; i < 3600 / 20; ++i) {
    world_->cluster.remove(kube::Secret::type(), {"shop", "www-tls"});
    world_->run_for(seconds(20));
  }
  EXPECT_LE(orders(), 5);
}

TEST_F(Weather, ARequestToRenewEachMinuteIsHeldBackAndToldWhy) {
  start();
  issue();
  for (int i = 0; i < 60; ++i) {
    world_->annotate("www", api::kRenewRequestedAnnotation, std::to_string(i));
    world_->run_for(seconds(10));
  }
  EXPECT_LE(orders(), 4);
  EXPECT_EQ(world_->reason(api::kIssuing), "IssuedTooOften");
  EXPECT_THAT(world_->message(api::kIssuing), HasSubstr("certificates were issued within a day"));
  EXPECT_TRUE(kube::is_true(world_->certificate().status.conditions, api::kReady));
}

// As an Ingress leaves them behind whose secretName changes.
TEST_F(Weather, AnotherSecretEachMinuteForTheSameNamesIsPacedLikeOneCertificate) {
  start();
  for (int i = 0; i < 60; ++i) {
    const std::string name = "www" + std::to_string(i);
    world_->apply_certificate(World::certificate_json({"www.shop.example"}, name));
    world_->run_for(seconds(60));
    if (i < 59) world_->cluster.remove(api::Certificate::type(), {"shop", name});
  }
  EXPECT_LE(orders(), 4);
  const api::Certificate last = world_->certificate("www59");
  const kube::Condition* issuing = kube::find_condition(last.status.conditions, api::kIssuing);
  ASSERT_TRUE(issuing);
  EXPECT_EQ(issuing->reason, "IssuedTooOften");
  EXPECT_THAT(issuing->message, HasSubstr("for these names"));
}

// As a tool leaves it that brings objects back from a backup, again and again.
TEST_F(Weather, AStatusThatIsEmptiedEachSecondTakesNothingFromThePace) {
  start();
  AcmeServer::Refusal refusal;
  refusal.status = 400;
  refusal.type = "dns";
  world_->ca.refuse("newOrder", refusal, 1000);
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  for (int i = 0; i < 300; ++i) {
    world_->run_for(seconds(1));
    json object = world_->cluster.get(api::Certificate::type(), {"shop", "www"});
    object["status"] = json::object();
    world_->cluster.put(api::Certificate::type(), object);
  }
  world_->run_for(seconds(1));
  EXPECT_LE(orders(), 4);
  EXPECT_EQ(world_->reason(api::kIssuing), "FailedTooOften");
  EXPECT_THAT(world_->message(api::kIssuing), HasSubstr("who empties the status"));
}

TEST_F(Weather, AnotherSecretEachMinuteForNamesThatFailCostsFiveOrdersAnHour) {
  start();
  AcmeServer::Refusal refusal;
  refusal.status = 400;
  refusal.type = "dns";
  refusal.detail = "no such name";
  world_->ca.refuse("newOrder", refusal, 5);
  for (int i = 0; i < 60; ++i) {
    const std::string name = "www" + std::to_string(i);
    world_->apply_certificate(World::certificate_json({"www.shop.example"}, name));
    world_->run_for(seconds(60));
    if (i < 59) world_->cluster.remove(api::Certificate::type(), {"shop", name});
  }
  EXPECT_EQ(orders(), 5);
  EXPECT_EQ(
      kube::find_condition(world_->certificate("www59").status.conditions, api::kIssuing)->reason,
      "FailedTooOften");
  // Whoever mends it waits for an hour at most.
  EXPECT_TRUE(world_->run_until_ready("www59", hours(1)));
}

TEST_F(Weather, ThePaceIsKeptOverARestart) {
  start();
  issue();
  for (int i = 0; i < 6; ++i) {
    world_->annotate("www", api::kRenewRequestedAnnotation, std::to_string(i));
    world_->run_for(seconds(5));
    world_->restart();
  }
  EXPECT_EQ(orders(), 2);
}

TEST_F(Weather, CertificatesOfAFewHoursAreRenewedInTimeForEver) {
  AcmeServer::Options private_ca;
  private_ca.certificate_lifetime = hours(6);
  private_ca.has_renewal_info = false;
  start(private_ca);
  issue();
  for (int hour = 0; hour < 72; ++hour) {
    world_->run_for(hours(1));
    ASSERT_TRUE(kube::is_true(world_->certificate().status.conditions, api::kReady))
        << "after " << hour << " hours: " << world_->message(api::kReady);
    ASSERT_GT(*world_->certificate().status.not_after, world_->clock.now()) << hour;
  }
}

TEST_F(Weather, ARateLimitThatMayBeTriedAtOnceIsNotTriedAtOnce) {
  start();
  AcmeServer::Refusal refusal;
  refusal.status = 429;
  refusal.type = "rateLimited";
  refusal.retry_after = "1";
  world_->ca.refuse("newOrder", refusal, 1000);
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(seconds(50));
  EXPECT_EQ(orders(), 1);
  world_->run_for(hours(1));
  EXPECT_LE(orders(), 4);
}

TEST_F(Weather, ACertificateForMoreNamesThanAskedForIsTaken) {
  start();
  issue({"a.shop.example", "b.shop.example"});
  world_->apply_certificate(World::certificate_json({"a.shop.example"}));
  world_->run_for(hours(1));
  EXPECT_EQ(orders(), 1);
  EXPECT_TRUE(kube::is_true(world_->certificate().status.conditions, api::kReady));
}

TEST_F(Weather, AnHourOfAllFaultsAtOnceNeverPassesThePace) {
  start();
  world_->ca.set_renewal_window(world_->clock.now() - hours(48), world_->clock.now() - hours(24));
  issue();
  const std::string first_chain = chain();
  const std::string first_key = world_->secret_value("tls.key");
  AcmeServer::Refusal busy;
  busy.status = 429;
  busy.type = "rateLimited";
  busy.retry_after = "0";
  for (int i = 0; i < 360; ++i) {
    switch (i % 6) {
      case 0:
        world_->cluster.remove(kube::Secret::type(), {"shop", "www-tls"});
        break;
      case 1:
        if (!world_->secret().is_null()) overwrite(first_chain, first_key);
        break;
      case 2:
        world_->ca.refuse("newOrder", busy);
        break;
      case 3:
        world_->ca.lose_answers("finalize");
        break;
      case 4:
        world_->data_plane.ready = i % 3;
        world_->proxies_changed();
        break;
      default:
        if (i % 5 == 0) world_->restart();
    }
    world_->run_for(seconds(10));
  }
  EXPECT_LE(orders(), 10);
  EXPECT_LE(world_->ca.issued().size(), 5u);
}

// ---- Others write the Secret, too

TEST_F(Weather, WhatAnotherControllerPutsIntoTheSecretCostsNoOrderAndItIsNamed) {
  start();
  issue();
  const std::string ours = chain();
  world_->apply_certificate(World::certificate_json({"www.shop.example"}, "theirs"));
  ASSERT_TRUE(world_->run_until_ready("theirs"));
  const std::string their_chain = world_->secret_value("tls.crt", "theirs-tls");
  const std::string their_key = world_->secret_value("tls.key", "theirs-tls");
  const int before = orders();
  int writes = 0;
  for (int i = 0; i < 150; ++i) {
    if (chain() != their_chain) {
      overwrite(their_chain, their_key);
      ++writes;
    }
    world_->run_for(milliseconds(100));
  }
  EXPECT_EQ(orders(), before);
  EXPECT_LE(writes, 2) << "it is not fought";
  ASSERT_THAT(world_->events.reasons(), Contains("Warning SecretContested"));
  EXPECT_THAT(world_->events.events.back().note, HasSubstr("argocd"));
  EXPECT_EQ(world_->reason(api::kIssuing), "SecretContested");
  world_->run_for(minutes(20));
  EXPECT_EQ(chain(), ours) << "once the other has given up";
  EXPECT_EQ(orders(), before);
}

TEST_F(Weather, ACertificateThatNobodyGaveIntoOurKeepingIsLeftAlone) {
  start();
  world_->apply_certificate(World::certificate_json({"shop.example", "pay.example"}, "bought"));
  ASSERT_TRUE(world_->run_until_ready("bought"));
  json secret = world_->secret("bought-tls");
  const json data = secret["data"];
  secret["metadata"] = {{"name", "www-tls"}, {"namespace", "shop"}};
  world_->cluster.put(kube::Secret::type(), secret);
  const int before = orders();
  world_->apply_certificate(World::certificate_json({"shop.example"}));
  world_->run_for(minutes(10));
  EXPECT_TRUE(kube::is_true(world_->certificate().status.conditions, api::kReady));
  world_->apply_certificate(World::certificate_json({"other.example"}));
  world_->run_for(hours(24 * 80));
  EXPECT_EQ(world_->reason(api::kIssuing), "SecretNotOurs");
  EXPECT_EQ(world_->secret()["data"], data);
  EXPECT_EQ(world_->ca.count("newOrder"), before + 1) << "the renewal of the other";
}

TEST_F(Weather, WhatWeIssuedIsRenewedAlsoWhenSomebodyTookOurAnnotationsFromTheSecret) {
  start();
  issue();
  json secret = world_->secret();
  secret["metadata"].erase("annotations");
  world_->cluster.put(kube::Secret::type(), secret);
  world_->run_for(hours(24 * 80));
  EXPECT_EQ(orders(), 2) << world_->message(api::kIssuing);
}

TEST_F(Weather, ARequestToRenewIsTheWayOutOfASecretThatAnotherHasWritten) {
  start();
  issue();
  world_->apply_certificate(World::certificate_json({"www.shop.example"}, "theirs"));
  ASSERT_TRUE(world_->run_until_ready("theirs"));
  const std::string their_chain = world_->secret_value("tls.crt", "theirs-tls");
  overwrite(their_chain, world_->secret_value("tls.key", "theirs-tls"));
  world_->restart();
  world_->run_for(minutes(1));
  ASSERT_EQ(chain(), their_chain) << "nobody remembers what was there";
  EXPECT_EQ(world_->reason(api::kIssuing), "SecretContested");
  world_->annotate("www", api::kRenewRequestedAnnotation, "now");
  world_->run_for(minutes(1));
  EXPECT_NE(chain(), their_chain);
  EXPECT_EQ(world_->certificate().status.revision, 2);
}

TEST_F(Weather, MovingFromCertManagerOrdersNothingOnTheDayAndKeepsTheKindOfKey) {
  start();
  auto rsa = World::certificate_json({"www.shop.example"}, "old");
  rsa["spec"]["privateKey"] = {{"algorithm", "RSA"}};
  world_->apply_certificate(rsa);
  ASSERT_TRUE(world_->run_until_ready("old"));
  json secret = world_->secret("old-tls");
  secret["metadata"] = {{"name", "www-tls"},
                        {"namespace", "shop"},
                        {"annotations",
                         {{"cert-manager.io/issuer-name", "letsencrypt"},
                          {"cert-manager.io/issuer-kind", "ClusterIssuer"}}}};
  world_->cluster.put(kube::Secret::type(), secret);
  world_->cluster.remove(api::Certificate::type(), {"shop", "old"});
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(hours(24 * 20));
  EXPECT_EQ(orders(), 1);
  EXPECT_TRUE(kube::is_true(world_->certificate().status.conditions, api::kReady));
  world_->run_for(hours(24 * 50));
  EXPECT_EQ(orders(), 2) << "renewed in its time";
  EXPECT_EQ(base::PrivateKey::from_pem(world_->secret_value("tls.key"))->spec().algorithm,
            base::KeyAlgorithm::rsa);
}

TEST_F(Weather, ACertificateThatIsOverWhenItIsIssuedIsToldWithItsCause) {
  AcmeServer::Options behind;
  behind.clock_ahead = -hours(2);
  behind.certificate_lifetime = hours(1);
  start(behind);
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(seconds(30));
  EXPECT_EQ(orders(), 1);
  EXPECT_THAT(world_->message(api::kIssuing), HasSubstr("so its clock or ours is wrong"));
  EXPECT_THAT(world_->message(api::kIssuing), Not(HasSubstr("directory URL")));
}

// OpenSSL and browsers refuse SHA-1, so the proxies are never given it.
TEST_F(Weather, ACertificateThatIsSignedBySha1IsToldAndOrderedAtThePace) {
  start();
  world_->ca.sign_weakly(1000);
  world_->apply_certificate(World::certificate_json({"www.shop.example"}, "fresh"));
  world_->run_for(hours(1));
  EXPECT_LE(orders(), 4);
  EXPECT_THAT(world_->message(api::kIssuing, "fresh"), HasSubstr("its signature is by SHA1"));
  EXPECT_THAT(world_->events.reasons(), Contains("Warning Failed"));
  const std::string weak = world_->ca.issued().back();
  const std::string key = world_->secret_value("next-tls.key", "fresh-tls");
  world_->cluster.remove(api::Certificate::type(), {"shop", "fresh"});

  // As cert-manager may have left one of a private CA.
  world_->ca.sign_weakly(0);
  world_->cluster.put(
      kube::Secret::type(),
      {{"apiVersion", "v1"},
       {"kind", "Secret"},
       {"type", "kubernetes.io/tls"},
       {"metadata",
        {{"name", "www-tls"},
         {"namespace", "shop"},
         {"annotations", {{"cert-manager.io/issuer-name", "ca"}}}}},
       {"data", {{"tls.crt", base::base64_encode(weak)}, {"tls.key", base::base64_encode(key)}}}});
  world_->run_for(hours(1));
  const int before = orders();
  issue();
  EXPECT_EQ(orders(), before + 1);
  EXPECT_NE(chain(), weak);
}

TEST_F(Weather, ASecretThatIsDeletedInMidOrderIsReadAgainAndNothingIsLost) {
  AcmeServer::Options slow;
  slow.polls_until_done = 4;
  start(slow);
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  ASSERT_TRUE(world_->run_until([&] { return world_->ca.count("finalize") == 1; }));
  world_->cluster.remove(kube::Secret::type(), {"shop", "www-tls"});
  ASSERT_TRUE(world_->run_until_ready());
  EXPECT_EQ(orders(), 1);
  EXPECT_THAT(world_->events.reasons(), ElementsAre("Normal Issuing", "Normal Issued"));
}

TEST_F(Weather, TheKeyOfAnOrderWhoseCertificateIsDeletedGoes) {
  start();
  world_->data_plane.deaf = 2;
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  ASSERT_TRUE(world_->run_until([&] { return !world_->secret_value("next-tls.key").empty(); }));
  world_->cluster.remove(api::Certificate::type(), {"shop", "www"});
  world_->run_for(seconds(10));
  EXPECT_EQ(world_->secret_value("next-tls.key"), "");
}

TEST_F(Weather, WhatIsTakenOutOfTheTemplateGoesFromTheSecret) {
  start();
  auto object = World::certificate_json({"www.shop.example"});
  object["spec"]["secretTemplate"] = {{"labels", {{"one", "1"}, {"two", "2"}}}};
  world_->apply_certificate(object);
  ASSERT_TRUE(world_->run_until_ready());
  object["spec"]["secretTemplate"]["labels"].erase("two");
  world_->apply_certificate(object);
  world_->run_for(seconds(5));
  EXPECT_EQ(world_->secret()["metadata"]["labels"], json({{"one", "1"}}));
}

// ---- Orders end

TEST_F(Weather, WhatOthersPutOnTheSecretStaysWhenTheWholeTemplateGoes) {
  start();
  auto object = World::certificate_json({"www.shop.example"});
  object["spec"]["secretTemplate"] = {{"labels", {{"ours", "1"}}},
                                      {"annotations", {{"reflect.example/to", "all"}}}};
  world_->apply_certificate(object);
  ASSERT_TRUE(world_->run_until_ready());
  json secret = world_->secret();
  secret["metadata"]["labels"]["theirs"] = "2";
  secret["metadata"]["annotations"]["backup.example/at"] = "night";
  world_->cluster.put(kube::Secret::type(), secret);
  object["spec"].erase("secretTemplate");
  world_->apply_certificate(object);
  world_->run_for(seconds(5));
  const json metadata = world_->secret()["metadata"];
  EXPECT_EQ(metadata["labels"], json({{"theirs", "2"}}));
  EXPECT_FALSE(metadata["annotations"].contains("reflect.example/to"));
  EXPECT_EQ(metadata["annotations"]["backup.example/at"], "night");
  EXPECT_EQ(metadata["annotations"][api::kCertificateNameAnnotation], "www");
  EXPECT_EQ(orders(), 1);
}

TEST_F(Weather, AnOrderThatIsProcessedForAnHourIsGivenUpWithAWarning) {
  AcmeServer::Options never;
  never.polls_until_done = 1'000'000;
  start(never);
  world_->ca.rewrite(
      "authorization", [](json&) {}, 0);
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(minutes(29));
  EXPECT_EQ(world_->ca.count("challenge"), 1);
  EXPECT_EQ(world_->certificate().status.failed_issuance_attempts, 0);
  world_->run_for(minutes(20));
  EXPECT_LE(world_->ca.count("challenge"), 2) << "once more, and then no more";
  world_->run_for(minutes(15));
  EXPECT_EQ(world_->certificate().status.failed_issuance_attempts, 1);
  EXPECT_THAT(world_->certificate().status.last_failure, HasSubstr("given up"));
  EXPECT_THAT(world_->events.reasons(), Contains("Warning Failed"));
}

TEST_F(Weather, AnOrderThatExpiresIsGivenUp) {
  AcmeServer::Options never;
  never.polls_until_done = 1'000'000;
  start(never);
  const std::string soon = "2026-01-01T00:10:00Z";
  for (const char* endpoint : {"newOrder", "order"}) {
    world_->ca.rewrite(
        endpoint, [soon](json& order) { order["expires"] = soon; }, 1000);
  }
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(minutes(9));
  EXPECT_EQ(world_->certificate().status.failed_issuance_attempts, 0);
  world_->run_for(minutes(3));
  EXPECT_THAT(world_->certificate().status.last_failure, HasSubstr("the order expired at"));
}

TEST_F(Weather, ARequestToRenewDropsAnOrderThatIsStuck) {
  AcmeServer::Options never;
  never.polls_until_done = 1'000'000;
  start(never);
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(minutes(5));
  EXPECT_EQ(orders(), 1);
  world_->annotate("www", api::kRenewRequestedAnnotation, "now");
  world_->run_for(seconds(5));
  EXPECT_EQ(orders(), 2);
  world_->run_for(minutes(2));
  EXPECT_EQ(orders(), 2);
}

TEST_F(Weather, NamesThatCannotBeProvenAreRefusedAtOnceInWords) {
  start();
  world_->apply_certificate(World::certificate_json({std::string(64, 'a') + ".example"}));
  world_->run_for(seconds(1));
  EXPECT_EQ(world_->reason(api::kReady), "InvalidNames");
  EXPECT_THAT(world_->message(api::kReady), HasSubstr("more than 63 characters"));
  EXPECT_EQ(orders(), 0);
}

// ---- The way out

TEST_F(Weather, AnIssuerThatIsLedToAnotherServerHasItsCertificatesIssuedAnew) {
  start();
  issue();
  json secret = world_->secret();
  secret["metadata"]["annotations"]["gatehouse.dev/acme-server"] = "https://staging.test/dir";
  world_->cluster.put(kube::Secret::type(), secret);
  world_->restart();
  ASSERT_TRUE(world_->run_until([&] { return world_->certificate().status.revision == 2; }));
  EXPECT_EQ(orders(), 2);
  EXPECT_THAT(world_->events.events.at(2).note, HasSubstr("is of https://staging.test/dir"));
}

TEST_F(Weather, AnotherServerIsNotToldOfAPredecessorThatItDoesNotKnow) {
  start();
  issue();
  world_->apply_issuer(world_->issuer_at(world_->other_ca, "ca"));
  ASSERT_TRUE(world_->run_until([&] { return world_->certificate().status.revision == 2; }));
  EXPECT_EQ(world_->other_ca.count("newOrder"), 1);
}

TEST_F(Weather, ARateLimitOfOneSetOfNamesIsNotWaitedForWithOtherNames) {
  start();
  AcmeServer::Refusal refusal;
  refusal.status = 429;
  refusal.type = "rateLimited";
  refusal.detail = "too many certificates (5) already issued for this exact set of identifiers";
  refusal.retry_after = "7200";
  world_->ca.refuse("newOrder", refusal);
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(seconds(10));
  EXPECT_EQ(world_->certificate().status.last_failure_names,
            std::vector<std::string>{"www.shop.example"});
  world_->apply_certificate(World::certificate_json({"api.shop.example"}));
  EXPECT_TRUE(world_->run_until_ready("www", seconds(10)));
}

TEST_F(Weather, ARateLimitOfOneAccountIsNotWaitedForWithAnother) {
  start();
  AcmeServer::Refusal refusal;
  refusal.status = 429;
  refusal.type = "rateLimited";
  refusal.retry_after = "7200";
  world_->ca.refuse("newOrder", refusal);
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(seconds(10));
  EXPECT_EQ(world_->certificate().status.last_failure_class, "rateLimited");
  auto other = world_->issuer_json();
  other["metadata"]["name"] = "other";
  world_->apply_issuer(other);
  auto moved = World::certificate_json({"www.shop.example"});
  moved["spec"]["issuerRef"]["name"] = "other";
  world_->apply_certificate(moved);
  EXPECT_TRUE(world_->run_until_ready("www", seconds(20)));
}

TEST_F(Weather, AnAccountThatTheServerRefusesIsToldAtTheIssuerWithItsRemedyAndANewKeyIsTheWayOut) {
  start();
  issue();
  AcmeServer::Refusal refusal;
  refusal.status = 403;
  refusal.type = "unauthorized";
  refusal.detail = "account is deactivated";
  world_->ca.refuse("newOrder", refusal, 2);  // with its predecessor's name, and without
  for (const char* endpoint : {"account", "newAccount"}) world_->ca.refuse(endpoint, refusal);
  world_->annotate("www", api::kRenewRequestedAnnotation, "now");
  world_->run_for(seconds(20));
  const auto issuer = world_->issuer();
  const kube::Condition* ready = kube::find_condition(issuer.conditions, "Ready");
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->reason, "AccountNotValid");
  EXPECT_THAT(ready->message, HasSubstr("delete Secret gatehouse-system/ca-account-key"));
  EXPECT_THAT(world_->message(api::kIssuing), HasSubstr("account is deactivated"));
  world_->cluster.remove(kube::Secret::type(), {"gatehouse-system", "ca-account-key"});
  EXPECT_TRUE(
      world_->run_until([&] { return world_->certificate().status.revision == 2; }, seconds(30)));
}

TEST_F(Weather, AnAccountThatIsDeactivatedForGoodIsAskedForAtThePaceOfFailures) {
  start();
  AcmeServer::Refusal refusal;
  refusal.status = 403;
  refusal.type = "unauthorized";
  refusal.detail = "account is deactivated";
  for (const char* endpoint : {"newOrder", "account", "newAccount"}) {
    world_->ca.refuse(endpoint, refusal, 1000);
  }
  const int registered = world_->ca.count("newAccount");
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(hours(1));
  EXPECT_EQ(orders(), 1);
  EXPECT_LE(world_->ca.count("newAccount") - registered, 4);
  EXPECT_EQ(world_->reason(api::kReady), "IssuerNotReady");
}

TEST_F(Weather, AnAccountThatIsDeactivatedInMidOrderIsToldWithItsRemedyWithinSeconds) {
  start();
  AcmeServer::Refusal refusal;
  refusal.status = 403;
  refusal.type = "unauthorized";
  refusal.detail = "account is deactivated";
  world_->data_plane.has_taken_over = false;
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  ASSERT_TRUE(world_->run_until([&] { return world_->certificate().status.order.has_value(); }));
  world_->ca.refuse("challenge", refusal, 2);
  for (const char* endpoint : {"account", "newAccount"}) world_->ca.refuse(endpoint, refusal);
  world_->data_plane.has_taken_over = true;
  world_->run_for(seconds(15));
  const auto issuer = world_->issuer();
  const kube::Condition* ready = kube::find_condition(issuer.conditions, "Ready");
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->reason, "AccountNotValid");
  EXPECT_EQ(world_->reason(api::kIssuing), "IssuerNotReady");
  EXPECT_THAT(world_->message(api::kIssuing),
              AllOf(HasSubstr("account is deactivated"),
                    HasSubstr("delete Secret gatehouse-system/ca-account-key")));
  world_->cluster.remove(kube::Secret::type(), {"gatehouse-system", "ca-account-key"});
  EXPECT_TRUE(world_->run_until_ready("www", seconds(30))) << world_->message(api::kIssuing);
}

TEST_F(Weather, AServerThatDoesNotKnowTheKidAnyMoreHasTheAccountMadeAgain) {
  start();
  issue();
  AcmeServer::Refusal refusal;
  refusal.status = 400;
  refusal.type = "malformed";
  refusal.detail = "unable to find the account of this kid";
  world_->ca.refuse("newOrder", refusal, 2);
  world_->ca.refuse("account", refusal, 1);
  const int registered = world_->ca.count("newAccount");
  world_->annotate("www", api::kRenewRequestedAnnotation, "now");
  EXPECT_TRUE(
      world_->run_until([&] { return world_->certificate().status.revision == 2; }, seconds(30)));
  EXPECT_EQ(world_->ca.count("newAccount"), registered + 1);
  EXPECT_TRUE(world_->issuer().is_ready());
}

TEST_F(Weather, ASpoiltAccountKeyIsToldAtTheCertificatesThatWaitForIt) {
  start();
  issue();
  auto secret = world_->cluster.get(kube::Secret::type(), {"gatehouse-system", "ca-account-key"});
  secret["data"]["tls.key"] = "Ym9v";
  world_->cluster.put(kube::Secret::type(), secret);
  world_->apply_certificate(World::certificate_json({"new.shop.example"}, "new"));
  world_->run_for(seconds(10));
  EXPECT_EQ(world_->reason(api::kIssuing, "new"), "IssuerNotReady");
  EXPECT_THAT(world_->message(api::kIssuing, "new"),
              AllOf(HasSubstr("ca-account-key holds no account key"),
                    HasSubstr("remedy: put the account's private key there")));
  EXPECT_EQ(world_->reason(api::kIssuing, "www"), "Issued") << "what is good stays as it is";
}

TEST_F(Weather, WhileIngressesCannotBeListedNobodyPolls) {
  bool is_known = false;
  certificate::ReconcilerOptions options;
  options.is_used = [&](const kube::ObjectKey&) -> std::optional<bool> {
    if (!is_known) return std::nullopt;
    return true;
  };
  world_ = std::make_unique<World>(AcmeServer::Options{}, options);
  world_->apply_issuer();
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(hours(2));  // comes to rest
  EXPECT_EQ(world_->ca.count("newOrder"), 0);
  is_known = true;
  world_->uses_known();
  EXPECT_TRUE(world_->run_until_ready("www", seconds(10)));
}

TEST_F(Weather, AnAccountKeyThatIsDeletedEachMinuteHasAccountsMadeAtAPace) {
  start();
  for (int minute = 0; minute < 60; ++minute) {
    world_->cluster.remove(kube::Secret::type(), {"gatehouse-system", "ca-account-key"});
    world_->run_for(minutes(1));
  }
  EXPECT_LE(world_->ca.count("newAccount"), 4);
}

TEST_F(Weather, AnAccountIsNotTakenForLostBecauseTheServerIsBusy) {
  start();
  issue();
  AcmeServer::Refusal bad_name;
  bad_name.status = 400;
  bad_name.type = "malformed";
  AcmeServer::Refusal busy;
  busy.status = 429;
  busy.type = "rateLimited";
  world_->ca.refuse("newOrder", bad_name, 2);
  world_->ca.refuse("account", busy, 2);
  const int registered = world_->ca.count("newAccount");
  world_->apply_certificate(World::certificate_json({"bad.shop.example"}, "bad"));
  world_->run_for(seconds(30));
  EXPECT_EQ(world_->ca.count("newAccount"), registered);
  EXPECT_TRUE(world_->issuer().is_ready());
  EXPECT_EQ(world_->certificate("bad").status.last_failure_class, "malformed");
}

TEST_F(Weather, AFailureIsToldAtTheIngressThatOwnsTheCertificateByItsName) {
  start();
  auto object = World::certificate_json({"*.shop.example"});
  object["metadata"]["ownerReferences"] = {{{"apiVersion", "networking.k8s.io/v1"},
                                            {"kind", "Ingress"},
                                            {"name", "www"},
                                            {"uid", "uid-of-ingress"}}};
  world_->apply_certificate(object);
  world_->run_for(seconds(5));
  ASSERT_THAT(world_->events.events, SizeIs(2));
  const kube::Occurrence& told = world_->events.events[1];
  EXPECT_EQ(told.regarding.kind, "Ingress");
  EXPECT_EQ(told.regarding.name, "www");
  EXPECT_THAT(told.note, HasSubstr("Certificate shop/www: InvalidNames"));
}

// What `kubectl describe ingress` says when its certificate fails, whatever the cause.
class DescribeIngress : public Weather {
 protected:
  void start_with_ingress() {
    certificate::ReconcilerOptions options;
    options.ingresses_of = [](const kube::ObjectKey& secret) {
      std::vector<kube::ObjectReference> users;
      if (secret.name == "www-tls") {
        users.push_back({"networking.k8s.io/v1", "Ingress", "shop", "www", "uid-of-ingress", "7"});
      }
      return users;
    };
    world_ = std::make_unique<World>(AcmeServer::Options{}, options);
    world_->apply_issuer();
    ASSERT_TRUE(world_->run_until([&] { return world_->issuer().is_ready(); }));
  }
  static json owned_by_ingress(json certificate) {
    certificate["metadata"]["ownerReferences"] = {{{"apiVersion", "networking.k8s.io/v1"},
                                                   {"kind", "Ingress"},
                                                   {"name", "www"},
                                                   {"uid", "uid-of-ingress"}}};
    return certificate;
  }
  std::vector<std::string> told() const {
    std::vector<std::string> notes;
    for (const kube::Occurrence& event : world_->events.events) {
      if (event.regarding.kind != "Ingress") continue;
      EXPECT_EQ(event.type, kube::EventType::warning);
      EXPECT_EQ(event.regarding.name, "www");
      notes.push_back(event.note);
    }
    return notes;
  }
};

TEST_F(DescribeIngress, NamesAnIssuerThatIsMissing) {
  start_with_ingress();
  auto object = owned_by_ingress(World::certificate_json({"www.shop.example"}));
  object["spec"]["issuerRef"]["name"] = "gone";
  world_->apply_certificate(object);
  world_->run_for(seconds(5));
  EXPECT_THAT(told(), ElementsAre(AllOf(HasSubstr("Certificate shop/www"),
                                        HasSubstr("ClusterIssuer gone does not exist"))));
}

TEST_F(DescribeIngress, NamesAWildcard) {
  start_with_ingress();
  world_->apply_certificate(owned_by_ingress(World::certificate_json({"*.shop.example"})));
  world_->run_for(seconds(5));
  EXPECT_THAT(told(),
              ElementsAre(AllOf(HasSubstr("Certificate shop/www"), HasSubstr("*.shop.example"))));
}

TEST_F(DescribeIngress, NamesASecretOfAnotherType) {
  start_with_ingress();
  world_->cluster.put(kube::Secret::type(),
                      {{"metadata", {{"name", "www-tls"}, {"namespace", "shop"}}},
                       {"type", "Opaque"},
                       {"data", json::object()}});
  world_->apply_certificate(owned_by_ingress(World::certificate_json({"www.shop.example"})));
  world_->run_for(seconds(5));
  EXPECT_THAT(told(), ElementsAre(AllOf(HasSubstr("Certificate shop/www"),
                                        HasSubstr("Secret shop/www-tls is of type Opaque"))));
}

TEST_F(DescribeIngress, NamesARateLimit) {
  start_with_ingress();
  AcmeServer::Refusal limit;
  limit.status = 429;
  limit.type = "rateLimited";
  limit.detail = "too many certificates";
  world_->ca.refuse("newOrder", limit, 100);
  world_->apply_certificate(owned_by_ingress(World::certificate_json({"www.shop.example"})));
  world_->run_for(seconds(5));
  EXPECT_THAT(told(), ElementsAre(AllOf(HasSubstr("Certificate shop/www"),
                                        HasSubstr("too many certificates"))));
}

TEST_F(DescribeIngress, NamesAValidationThatFailed) {
  start_with_ingress();
  world_->ca.fail_validation("www.shop.example", "connection", "connection refused");
  world_->apply_certificate(owned_by_ingress(World::certificate_json({"www.shop.example"})));
  world_->run_for(seconds(5));
  EXPECT_THAT(told(), ElementsAre(AllOf(HasSubstr("Certificate shop/www"),
                                        HasSubstr("connection refused"))));
}

TEST_F(DescribeIngress, SpeaksAlsoOfACertificateThatSomebodyMadeByHand) {
  start_with_ingress();
  world_->ca.fail_validation("www.shop.example", "connection", "connection refused");
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->apply_certificate(World::certificate_json({"*.shop.example"}, "other"));
  world_->run_for(seconds(5));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("connection refused")));
}

TEST_F(Weather, ABackOffThatCameFromTheServerEndsWhenItAnswersAnother) {
  start();
  world_->ca.lose_requests("*", 40);
  world_->apply_certificate(World::certificate_json({"a.shop.example"}, "a"));
  world_->run_for(hours(2));
  ASSERT_EQ(world_->certificate("a").status.last_failure_class, "network");
  ASSERT_GT(*world_->certificate("a").status.next_attempt_time, world_->clock.now() + minutes(5));
  world_->ca.forget_faults();
  world_->apply_certificate(World::certificate_json({"b.shop.example"}, "b"));
  ASSERT_TRUE(world_->run_until_ready("b", seconds(10)));
  EXPECT_TRUE(world_->run_until_ready("a", seconds(10)));
}

// As of a machine that comes up with its clock in local time.
TEST_F(Weather, ASignOfAClockThatWasAheadEndsNoBackOff) {
  world_ = std::make_unique<World>();
  world_->clock.set_wall(world_->clock.now() + hours(2));
  world_->apply_issuer();
  ASSERT_TRUE(world_->run_until([&] { return world_->issuer().is_ready(); }));
  world_->clock.set_wall(world_->clock.now() - hours(2));
  world_->ca.lose_answers("newOrder", 1000);
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(hours(1));
  EXPECT_LE(orders(), 15);
}

TEST_F(Weather, ARenewalWindowReadByAClockThatWasAheadIsReadAgainWithinADay) {
  start();
  world_->clock.set_wall(world_->clock.now() + hours(24 * 40));
  issue();
  ASSERT_TRUE(world_->certificate().status.renewal_info);
  world_->clock.set_wall(world_->clock.now() - hours(24 * 40));
  world_->restart();
  const int before = world_->ca.count("renewalInfo");
  world_->run_for(hours(25));
  EXPECT_GT(world_->ca.count("renewalInfo"), before);
}

TEST_F(Weather, ABrakeOfAClockThatWasAheadDoesNotHoldForWeeks) {
  start();
  issue();
  world_->clock.set_wall(world_->clock.now() + hours(24 * 30));
  for (int i = 0; i < 6; ++i) {
    world_->annotate("www", api::kRenewRequestedAnnotation, std::to_string(i));
    world_->run_for(hours(2));
  }
  ASSERT_EQ(world_->reason(api::kIssuing), "IssuedTooOften");
  const int before = orders();
  world_->clock.set_wall(world_->clock.now() - hours(24 * 30));
  world_->run_for(hours(48));
  EXPECT_EQ(orders(), before + 1);
  EXPECT_EQ(world_->reason(api::kIssuing), "Issued");
}

TEST_F(Weather, WhatCannotBeReadSaysSoInItsOwnStatus) {
  start();
  issue();
  auto object = World::certificate_json({"www.shop.example", "more.shop.example"});
  object["spec"]["renewBefore"] = "99999999999999999999h";
  world_->apply_certificate(object);
  world_->run_for(minutes(1));
  const json conditions =
      world_->cluster.get(api::Certificate::type(), {"shop", "www"})["status"]["conditions"];
  EXPECT_THAT(conditions.dump(), HasSubstr("InvalidSpec"));
  EXPECT_THAT(conditions.dump(), HasSubstr("spec.renewBefore must be a duration"));
  EXPECT_EQ(world_->cluster.get(api::Certificate::type(),
                                {"shop", "www"})["status"]["observedGeneration"],
            2);
  EXPECT_EQ(orders(), 1);
  EXPECT_THAT(world_->events.reasons(), Contains("Warning InvalidSpec"));
}

TEST_F(Weather, ALabelThatTheApiServerRefusesIsToldAndTheCertificateStaysReady) {
  start();
  issue();
  world_->cluster.refusal_of_applies = "metadata.labels: Invalid value: \"a b\"";
  auto object = World::certificate_json({"www.shop.example"});
  object["spec"]["secretTemplate"]["labels"]["team"] = "a b";
  world_->apply_certificate(object);
  world_->run_for(minutes(1));
  EXPECT_EQ(world_->reason(api::kIssuing), "SecretNotWritten");
  EXPECT_THAT(world_->message(api::kIssuing), HasSubstr("metadata.labels"));
  EXPECT_EQ(world_->reason(api::kReady), "Ready");
  world_->cluster.refusal_of_applies.clear();
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(minutes(1));
  EXPECT_EQ(world_->reason(api::kIssuing), "") << "nothing is wrong any more";
  EXPECT_EQ(orders(), 1);
}

TEST_F(Weather, ATextThatIsOlderThanTheSchemaIsToldByAnEventWhereStatusCannotBeWritten) {
  start();
  auto object = World::certificate_json({"www.shop.example"});
  object["spec"]["renewBefore"] = "99999999999999999999h";
  world_->cluster.refusal_of_status = "spec.renewBefore: Invalid value";
  world_->apply_certificate(object);
  world_->run_for(seconds(3));
  EXPECT_THAT(world_->events.reasons(), Contains("Warning InvalidSpec"));
}

TEST_F(Weather, StatusShowsWhatABrowserShows) {
  start();
  issue();
  const api::CertificateStatus status = world_->certificate().status;
  const auto view = base::view_certificate(chain());
  ASSERT_TRUE(view);
  EXPECT_EQ(status.public_key_sha256, view->public_key_sha256);
  EXPECT_EQ(status.public_key_sha256.size(), 95u);
  EXPECT_EQ(status.subject, view->subject);
  EXPECT_EQ(status.chain_length, 2);
}

}  // namespace
