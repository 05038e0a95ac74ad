#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "base/key.h"
#include "base/x509.h"
#include "tests/operator/world/world.h"

// What an issuance does when the ACME server, the network or the API say no.
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
using testing::Not;
using testing::SizeIs;

class Failures : public testing::Test {
 protected:
  void SetUp() override {
    world_ = std::make_unique<World>();
    world_->apply_issuer();
    ASSERT_TRUE(world_->run_until([&] { return world_->issuer().is_ready(); }));
    world_->cluster.forget_writes();
  }

  void ask() { world_->apply_certificate(World::certificate_json({"www.shop.example"})); }

  void refuse(const std::string& endpoint, int status, const std::string& type, int times = 1,
              const std::string& retry_after = "") {
    AcmeServer::Refusal refusal;
    refusal.status = status;
    refusal.type = type;
    refusal.detail = "because of " + type;
    refusal.retry_after = retry_after;
    world_->ca.refuse(endpoint, refusal, times);
  }

  void expect_one_good_certificate() {
    EXPECT_THAT(world_->ca.issued(), SizeIs(1));
    EXPECT_TRUE(
        base::check_key_pair(world_->secret_value("tls.crt"), world_->secret_value("tls.key")));
    EXPECT_EQ(world_->secret_value("next-tls.key"), "");
    EXPECT_EQ(world_->certificate().status.failed_issuance_attempts, 0);
  }

  void TearDown() override { EXPECT_THAT(world_->ca.violations(), IsEmpty()); }

  std::unique_ptr<World> world_;
};

TEST_F(Failures, AFailedValidationIsToldInTheServersOwnWords) {
  world_->ca.fail_validation("www.shop.example", "connection", "no route to host");
  ask();
  world_->run_for(seconds(30));
  const api::CertificateStatus status = world_->certificate().status;
  EXPECT_EQ(status.failed_issuance_attempts, 1);
  EXPECT_EQ(status.last_failure_class, "connection");
  EXPECT_THAT(status.last_failure, HasSubstr("no route to host"));
  ASSERT_TRUE(status.order);
  EXPECT_EQ(status.order->state, "invalid");
  EXPECT_THAT(status.order->problem, HasSubstr("no route to host"));
  ASSERT_THAT(status.order->authorizations, SizeIs(1));
  EXPECT_EQ(status.order->authorizations[0].state, "invalid");
  EXPECT_THAT(status.order->authorizations[0].problem, HasSubstr("no route to host"));
  EXPECT_EQ(status.order->authorizations[0].token, "") << "a lost order publishes nothing";
  EXPECT_EQ(world_->reason(api::kIssuing), "Failed");
  EXPECT_THAT(world_->message(api::kIssuing),
              AllOf(HasSubstr("no route to host"), HasSubstr("trying again at 00:01:"),
                    HasSubstr("UTC; remedy: ")));
  EXPECT_EQ(world_->reason(api::kReady), "MissingData") << "only the next key is there";
  EXPECT_THAT(world_->message(api::kReady), HasSubstr("no route to host"));
  EXPECT_THAT(world_->events.reasons(), ElementsAre("Normal Issuing", "Warning Failed"));
  EXPECT_EQ(world_->ca.count("newOrder"), 1);
}

TEST_F(Failures, ANewOrderIsPlacedAfterTheBackOffAndNotBefore) {
  world_->ca.fail_validation("www.shop.example", "dns", "NXDOMAIN");
  ask();
  world_->run_for(seconds(50));
  EXPECT_EQ(world_->ca.count("newOrder"), 1);
  world_->run_for(seconds(30));
  EXPECT_EQ(world_->ca.count("newOrder"), 2);
  EXPECT_EQ(world_->certificate().status.failed_issuance_attempts, 2);
  EXPECT_THAT(world_->events.reasons(), ElementsAre("Normal Issuing", "Warning Failed"))
      << "the same failure again is not another Event";
  world_->ca.fail_validation("www.shop.example", "", "");
  ASSERT_TRUE(world_->run_until_ready("www", minutes(12)));
  expect_one_good_certificate();
  EXPECT_EQ(world_->certificate().status.last_failure, "");
  EXPECT_FALSE(world_->certificate().status.next_attempt_time);
}

TEST_F(Failures, AChangedSpecDoesNotWaitForTheBackOff) {
  world_->ca.fail_validation("www.shop.example", "dns", "NXDOMAIN");
  ask();
  world_->run_for(seconds(10));
  world_->apply_certificate(World::certificate_json({"api.shop.example"}));
  EXPECT_TRUE(world_->run_until_ready("www", seconds(10)));
}

TEST_F(Failures, ARequestedRenewalDoesNotWaitForTheBackOffAndIsTriedOnce) {
  AcmeServer::Options without_replaces;
  without_replaces.has_renewal_info = false;
  world_ = std::make_unique<World>(without_replaces);
  world_->apply_issuer();
  ask();
  ASSERT_TRUE(world_->run_until_ready());
  world_->ca.fail_validation("www.shop.example", "dns", "NXDOMAIN");
  world_->annotate("www", api::kRenewRequestedAnnotation, "one");
  world_->run_for(seconds(30));
  EXPECT_EQ(world_->ca.count("newOrder"), 2);
  EXPECT_TRUE(kube::is_true(world_->certificate().status.conditions, api::kReady))
      << "the old certificate is good";
  world_->annotate("www", api::kRenewRequestedAnnotation, "two");
  world_->run_for(seconds(30));
  EXPECT_EQ(world_->ca.count("newOrder"), 3);
}

TEST_F(Failures, ARateLimitIsWaitedForAsLongAsTheServerSaysWhateverChanges) {
  refuse("newOrder", 429, "rateLimited", 1, "7200");
  ask();
  world_->run_for(seconds(10));
  EXPECT_EQ(world_->certificate().status.last_failure_class, "rateLimited");
  EXPECT_EQ(world_->certificate().status.next_attempt_reason, "the server asked to wait");
  world_->apply_certificate(World::certificate_json({"api.shop.example"}));
  world_->run_for(minutes(115));
  EXPECT_EQ(world_->ca.count("newOrder"), 1);
  EXPECT_TRUE(world_->run_until_ready("www", minutes(30)));
}

TEST_F(Failures, AnOrderUnderWaySurvivesARateLimit) {
  ask();
  refuse("finalize", 429, "rateLimited", 1, "600");
  world_->run_for(minutes(5));
  EXPECT_EQ(world_->reason(api::kIssuing), "Retrying");
  ASSERT_TRUE(world_->run_until_ready("www", minutes(10)));
  EXPECT_EQ(world_->ca.count("newOrder"), 1);
  expect_one_good_certificate();
}

TEST_F(Failures, EveryClassIsNamedAndHasItsRemedy) {
  struct Case {
    const char* type;
    const char* expected_class;
    const char* part_of_remedy;
  };
  for (const Case& one : {Case{"caa", "caa", "CAA record"},
                          Case{"rejectedIdentifier", "rejectedIdentifier", "does not issue"},
                          Case{"unauthorized", "unauthorized", "whether this account may"},
                          Case{"userActionRequired", "userActionRequired", "Open the page"},
                          Case{"badCSR", "badCSR", "private key algorithm"},
                          Case{"malformed", "malformed", "names of this certificate"}}) {
    SCOPED_TRACE(one.type);
    SetUp();
    refuse("newOrder", 403, one.type);
    ask();
    world_->run_for(seconds(30));
    EXPECT_EQ(world_->certificate().status.last_failure_class, one.expected_class);
    EXPECT_THAT(
        world_->message(api::kIssuing),
        AllOf(HasSubstr(std::string("because of ") + one.type), HasSubstr(one.part_of_remedy)));
    EXPECT_THAT(world_->write_texts(), ElementsAre("patch certificates/shop/www/status"));
    EXPECT_EQ(world_->ca.count("newOrder"), 1);
  }
}

TEST_F(Failures, AnErrorThatPassesSoonIsNotWorthAWrite) {
  refuse("newOrder", 500, "serverInternal");
  refuse("finalize", 500, "serverInternal");
  ask();
  ASSERT_TRUE(world_->run_until_ready("www", seconds(10)));
  EXPECT_THAT(world_->write_texts(), SizeIs(4));
  EXPECT_THAT(world_->events.reasons(), ElementsAre("Normal Issuing", "Normal Issued"));
}

TEST_F(Failures, ANetworkThatStaysAwayIsSaidAndTheSameOrderGoesOn) {
  ask();
  world_->ca.lose_requests("finalize", 5);
  world_->run_for(std::chrono::milliseconds(1500));
  EXPECT_EQ(world_->certificate().status.last_failure_class, "network");
  EXPECT_EQ(world_->reason(api::kIssuing), "Retrying");
  ASSERT_TRUE(world_->run_until_ready("www", minutes(10)));
  EXPECT_EQ(world_->ca.count("newOrder"), 1);
  expect_one_good_certificate();
}

TEST_F(Failures, AnIssuanceThatFailsAfterFinalizeIsOrderedAgain) {
  world_->ca.fail_issuance("serverInternal", "the signer is ill");
  ask();
  world_->run_for(seconds(1));
  EXPECT_THAT(world_->certificate().status.last_failure, HasSubstr("the signer is ill"));
  ASSERT_TRUE(world_->run_until_ready("www", minutes(10)));
  expect_one_good_certificate();
}

TEST_F(Failures, LostAnswersEndInOneCertificate) {
  for (const char* endpoint : {"newOrder", "authorization", "challenge", "order", "finalize",
                               "certificate", "renewalInfo"}) {
    SCOPED_TRACE(endpoint);
    SetUp();
    world_->ca.lose_answers(endpoint);
    ask();
    ASSERT_TRUE(world_->run_until_ready("www", minutes(5))) << world_->message(api::kIssuing);
    expect_one_good_certificate();
    EXPECT_THAT(world_->write_texts(), SizeIs(4));
  }
}

TEST_F(Failures, BadNoncesAreNobodysBusiness) {
  world_->ca.refuse_nonces(3);
  ask();
  ASSERT_TRUE(world_->run_until_ready());
  EXPECT_THAT(world_->write_texts(), SizeIs(4));
}

TEST_F(Failures, ExpiredAuthorizationsMeanANewOrder) {
  world_->data_plane.deaf = 2;
  ask();
  world_->run_for(seconds(10));
  world_->ca.expire_pending_authorizations();
  world_->data_plane.deaf = 0;
  ASSERT_TRUE(world_->run_until_ready("www", minutes(30))) << world_->message(api::kIssuing);
  EXPECT_EQ(world_->ca.count("newOrder"), 2);
  expect_one_good_certificate();
}

TEST_F(Failures, AnAccountThatTheServerForgotIsMadeAgainOnce) {
  ask();
  ASSERT_TRUE(world_->run_until_ready());
  const std::string account = world_->issuer().acme_status.uri;
  world_->ca.forget_accounts();
  world_->annotate("www", api::kRenewRequestedAnnotation, "now");
  world_->run_for(minutes(2));
  EXPECT_EQ(world_->certificate().status.revision, 2);
  EXPECT_NE(world_->issuer().acme_status.uri, account);
  EXPECT_TRUE(world_->issuer().is_ready());
  // The second time within an hour it is not made at once: somebody should look.
  world_->ca.forget_accounts();
  const int accounts = world_->ca.count("newAccount");
  world_->annotate("www", api::kRenewRequestedAnnotation, "again");
  world_->run_for(seconds(30));
  EXPECT_EQ(world_->ca.count("newAccount"), accounts);
  EXPECT_FALSE(world_->issuer().is_ready());
  EXPECT_TRUE(
      world_->run_until([&] { return world_->certificate().status.revision == 3; }, minutes(10)));
}

TEST_F(Failures, ACertificateThatIsBeingWaitedForTooLongIsNotAskedForInALoop) {
  AcmeServer::Options slow;
  slow.polls_until_done = 12;
  world_ = std::make_unique<World>(slow);
  world_->apply_issuer();
  ask();
  ASSERT_TRUE(world_->run_until_ready("www", minutes(5)));
  EXPECT_EQ(world_->ca.count("newOrder"), 1);
  EXPECT_EQ(world_->ca.count("finalize"), 1);
  EXPECT_LE(world_->ca.count("order"), 40);
}

TEST_F(Failures, TheServersRetryAfterPacesThePolls) {
  world_->ca.set_retry_after("finalize", "3");
  ask();
  ASSERT_TRUE(world_->run_until_ready());
  EXPECT_GE(world_->elapsed(), seconds(3));
}

TEST_F(Failures, ASecretThatTheApiServerRefusesIsToldAndTheSameOrderGoesOn) {
  world_->cluster.refusal_of_applies = "metadata.labels: Invalid value";
  ask();
  world_->run_for(seconds(30));
  EXPECT_THAT(world_->message(api::kIssuing), HasSubstr("metadata.labels: Invalid value"));
  EXPECT_EQ(world_->certificate().status.failed_issuance_attempts, 1);
  world_->cluster.refusal_of_applies.clear();
  ASSERT_TRUE(world_->run_until_ready("www", minutes(5)));
  EXPECT_EQ(world_->ca.count("newOrder"), 1);
  expect_one_good_certificate();
}

TEST_F(Failures, ACertificateForAnotherKeyIsNotUsedNorAskedForInALoop) {
  ask();
  ASSERT_TRUE(world_->run_until([&] { return world_->certificate().status.order.has_value(); }));
  // The key waits in the Secret; somebody puts another in its place after finalize.
  ASSERT_TRUE(world_->run_until([&] { return world_->ca.count("finalize") == 1; }));
  nlohmann::json secret = world_->secret();
  secret["data"]["next-tls.key"] =
      base::base64_encode(base::PrivateKey::generate({base::KeyAlgorithm::ecdsa, 256})->to_pem());
  world_->cluster.put(kube::Secret::type(), secret);
  world_->restart();
  world_->run_for(seconds(30));
  EXPECT_THAT(world_->certificate().status.last_failure, HasSubstr("cannot be used"));
  EXPECT_EQ(world_->secret_value("tls.crt"), "");
  EXPECT_EQ(world_->ca.count("newOrder"), 1);
}

}  // namespace
