#include "operator/certificate/status_report.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "operator/certificate/pace.h"
#include "tests/fakes/clock.h"

// What a person reads in status at each turn of an issuance. The whole texts are in
// tests/golden/certificate; UPDATE_GOLDEN=1 writes them anew, and the difference is then to be
// read.
namespace {

using certificate::Failure;
using certificate::ProxyAnswers;
using certificate::Verdict;
using certificate::wait_until;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr base::WallTime kNow = fakes::FakeClock::kStart;

// For this test alone, so that key authorizations in the texts stay the same.
constexpr const char* kAccountKeyPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgB5yBNVs8jeFu5eN+\n"
    "IK+MqS6KpehTu8chtFya3eDxC8ihRANCAAREnw020j04cGp5xEXha92Lo97xI7f7\n"
    "KxctWsJzpbwmkOWGgqKn+u1ZHMjZXhtXajBLnoufwcrvnWU88gmHv4Fi\n"
    "-----END PRIVATE KEY-----\n";

acme::AccountKey account_key() {
  return acme::AccountKey::from(base::PrivateKey::from_pem(kAccountKeyPem).value()).value();
}

api::Certificate fresh() {
  api::Certificate certificate;
  certificate.metadata.name = "www";
  certificate.metadata.namespace_ = "shop";
  certificate.metadata.uid = "uid-1";
  certificate.metadata.generation = 1;
  certificate.spec.secret_name = "www-tls";
  certificate.spec.dns_names = {"www.shop.example"};
  return certificate;
}

const Verdict kMissing{"DoesNotExist", "Secret shop/www-tls does not exist"};
const Verdict kDue{"Renewing", "renewal is due since 2026-01-01T00:00:00Z", true};

acme::Order order() {
  acme::Order result;
  result.url = "https://ca.test/order/3";
  result.finalize_url = "https://ca.test/finalize/3";
  result.expires = kNow + hours(24);
  result.identifiers = {{"dns", "www.shop.example"}};
  return result;
}

acme::Authorization authorization() {
  acme::Authorization result;
  result.url = "https://ca.test/authz/2";
  result.identifier = {"dns", "www.shop.example"};
  acme::Challenge challenge;
  challenge.type = "http-01";
  challenge.url = "https://ca.test/chall/2";
  challenge.token = "token";
  result.challenges = {challenge};
  return result;
}

base::CertificateInfo leaf() {
  base::CertificateInfo result;
  result.serial = "04:ab";
  result.fingerprint_sha256 = "aa:bb";
  result.issuer = "CN=Some CA";
  result.dns_names = {"www.shop.example"};
  result.not_before = kNow;
  result.not_after = kNow + hours(24 * 90);
  return result;
}

api::Certificate ordered(const Verdict& verdict = kMissing) {
  api::Certificate certificate = fresh();
  certificate::show_order(certificate, verdict, order(), {authorization()}, account_key(),
                          "https://ca.test/acct/1", kNow);
  return certificate;
}

api::Certificate issued() {
  api::Certificate certificate = ordered();
  certificate::show_issued(certificate, leaf(), kNow + seconds(1));
  certificate::show_serving(certificate, "04:ab", {2, 2, 0, {}}, kNow + seconds(1));
  return certificate;
}

void expect_golden(const std::string& name, const api::Certificate& certificate) {
  const std::filesystem::path path =
      std::filesystem::path(GATEHOUSE_GOLDEN_DIR) / "certificate" / (name + ".json");
  const std::string actual = api::status_to_json(certificate.status).dump(2) + "\n";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << actual;
  std::ifstream file(path);
  std::stringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(actual, expected.str()) << "run again with UPDATE_GOLDEN=1 if this is meant";
}

const kube::Condition& condition(const api::Certificate& certificate, const char* type) {
  const kube::Condition* found = kube::find_condition(certificate.status.conditions, type);
  static const kube::Condition none;
  EXPECT_TRUE(found) << type;
  return found ? *found : none;
}

TEST(StatusReport, OfAnOrderUnderWay) {
  expect_golden("ordered", ordered());
}

TEST(StatusReport, OfAWaitForTheProxies) {
  api::Certificate certificate = ordered();
  certificate::show_waiting(
      certificate, "proxies: 1/2 answer the challenge for www.shop.example; 10.0.0.7:80: HTTP 404",
      kNow + seconds(3));
  expect_golden("waiting", certificate);
}

TEST(StatusReport, OfAnIssuedCertificate) {
  expect_golden("issued", issued());
}

TEST(StatusReport, OfAFailedValidation) {
  api::Certificate certificate = ordered();
  acme::Order lost = order();
  lost.status = acme::OrderStatus::invalid;
  acme::Authorization failed = authorization();
  failed.status = acme::AuthorizationStatus::invalid;
  failed.challenges[0].error.emplace();
  failed.challenges[0].error->type = "urn:ietf:params:acme:error:connection";
  failed.challenges[0].error->detail = "192.0.2.1: connection refused";
  certificate::show_progress(certificate, lost, {failed});
  certificate::show_failure(
      certificate,
      {acme::ErrorClass::connection,
       "the server could not validate www.shop.example: connection: 192.0.2.1: connection refused"},
      kMissing, kNow + seconds(2));
  expect_golden("failed", certificate);
}

TEST(StatusReport, OfARenewalThatIsRateLimited) {
  api::Certificate certificate = issued();
  certificate::show_failure(certificate,
                            {acme::ErrorClass::rate_limited,
                             "placing the order: rateLimited: too many certificates", hours(2)},
                            kDue, kNow + hours(24 * 60));
  expect_golden("renewal_rate_limited", certificate);
  EXPECT_TRUE(kube::is_true(certificate.status.conditions, api::kReady));
}

TEST(StatusReport, OfAMissingIssuer) {
  api::Certificate certificate = fresh();
  certificate::show_blocked(certificate, "IssuerNotFound", "ClusterIssuer ca does not exist",
                            kMissing, kNow);
  expect_golden("issuer_not_found", certificate);
}

TEST(StatusReport, AnIssuanceClearsWhatFailedBefore) {
  api::Certificate certificate = ordered();
  certificate::show_failure(certificate, {acme::ErrorClass::caa, "no"}, kMissing, kNow);
  certificate::show_order(certificate, kMissing, order(), {authorization()}, account_key(),
                          "https://ca.test/acct/1", kNow + hours(1));
  certificate::show_issued(certificate, leaf(), kNow + hours(1));
  EXPECT_EQ(certificate.status.failed_issuance_attempts, 0);
  EXPECT_EQ(certificate.status.last_failure, "");
  EXPECT_FALSE(certificate.status.next_attempt_time);
  EXPECT_FALSE(certificate.status.order);
}

TEST(StatusReport, AServersEndlessTextIsCut) {
  api::Certificate certificate = ordered();
  certificate::show_failure(certificate, {acme::ErrorClass::other, std::string(100'000, 'x')},
                            kMissing, kNow);
  EXPECT_LT(certificate.status.last_failure.size(), 5000u);
  EXPECT_LT(condition(certificate, api::kIssuing).message.size(), 5000u);
}

TEST(StatusReport, EndlessNamesInACertificateAreCut) {
  api::Certificate certificate = ordered();
  base::CertificateInfo endless = leaf();
  endless.issuer = "CN=" + std::string(100'000, 'x');
  certificate::SecretContent content;
  content.view.subject = endless.issuer;
  certificate::show_issued(certificate, endless, kNow);
  certificate::show_view(certificate, content);
  EXPECT_LT(certificate.status.issuer.size(), 8192u) << "as the definition has it";
  EXPECT_LT(certificate.status.subject.size(), 8192u);
}

TEST(StatusReport, WithoutReadyProxiesServingIsUnknown) {
  api::Certificate certificate = issued();
  certificate::show_serving(certificate, "04:ab", {}, kNow);
  EXPECT_EQ(condition(certificate, api::kServing).status, kube::ConditionStatus::unknown);
}

TEST(StatusReport, ALostOrderIsNotUnderWay) {
  api::Certificate certificate = ordered();
  EXPECT_TRUE(certificate::has_order_under_way(certificate.status));
  Failure failure{acme::ErrorClass::network, "no answer"};
  failure.is_order_lost = false;
  certificate::show_failure(certificate, failure, kMissing, kNow);
  EXPECT_TRUE(certificate::has_order_under_way(certificate.status)) << "the same order goes on";
  failure.is_order_lost = true;
  certificate::show_failure(certificate, failure, kMissing, kNow);
  EXPECT_FALSE(certificate::has_order_under_way(certificate.status));
  EXPECT_FALSE(certificate::has_order_under_way(issued().status));
}

// ---- When the next attempt may be made

api::Certificate failed(acme::ErrorClass error_class) {
  api::Certificate certificate = ordered();
  certificate::show_failure(certificate, {error_class, "no"}, kMissing, kNow);
  return certificate;
}

TEST(WaitUntil, TheBackOffIsWaitedForAndThenNoMore) {
  const api::Certificate certificate = failed(acme::ErrorClass::dns);
  ASSERT_TRUE(certificate.status.next_attempt_time);
  EXPECT_EQ(wait_until(certificate, kNow), certificate.status.next_attempt_time);
  EXPECT_FALSE(wait_until(certificate, *certificate.status.next_attempt_time));
}

TEST(WaitUntil, ANewSpecDoesNotWait) {
  api::Certificate certificate = failed(acme::ErrorClass::dns);
  certificate.metadata.generation = 2;
  EXPECT_FALSE(wait_until(certificate, kNow));
}

TEST(WaitUntil, ANewRequestToRenewDoesNotWaitAndTheFailedOneDoes) {
  api::Certificate certificate = ordered();
  certificate.metadata.annotations[api::kRenewRequestedAnnotation] = "one";
  certificate::show_failure(certificate, {acme::ErrorClass::dns, "no"}, kMissing, kNow);
  EXPECT_TRUE(wait_until(certificate, kNow));
  certificate.metadata.annotations[api::kRenewRequestedAnnotation] = "two";
  EXPECT_FALSE(wait_until(certificate, kNow));
}

// Other names each minute would be an order a minute.
TEST(WaitUntil, WishesThatFailInARowWaitLongerEachTimeAndAnHourAtMost) {
  using std::chrono::minutes;
  const std::map<int, minutes> waits = {
      {2, minutes(0)}, {3, minutes(1)}, {4, minutes(10)}, {5, minutes(60)}, {40, minutes(60)}};
  for (const auto& [failures, wait] : waits) {
    api::Certificate certificate = failed(acme::ErrorClass::dns);
    certificate.metadata.generation = 2;
    certificate.status.failed_issuance_attempts = failures;
    certificate.status.next_attempt_time = kNow + std::chrono::hours(24);
    const auto until = wait_until(certificate, kNow);
    EXPECT_EQ(until.value_or(kNow), kNow + wait) << failures << " failures";
  }
}

TEST(WaitUntil, ABrakeOfAClockThatWasAheadIsFoundOutAfresh) {
  for (const char* reason : {certificate::kIssuedTooOften, certificate::kOrderedTooOften,
                             certificate::kFailedTooOften}) {
    api::Certificate certificate = fresh();
    certificate.status.observed_generation = 1;
    certificate::show_held_back(certificate, {kNow + hours(24), reason, "why", "remedy"}, kDue,
                                kNow);
    EXPECT_EQ(wait_until(certificate, kNow), kNow + hours(24)) << reason;
    EXPECT_FALSE(wait_until(certificate, kNow - hours(24 * 30))) << reason;
  }
}

TEST(WaitUntil, ARateLimitIsWaitedForWhateverIsWanted) {
  api::Certificate certificate = failed(acme::ErrorClass::rate_limited);
  certificate.metadata.generation = 2;
  EXPECT_TRUE(wait_until(certificate, kNow));
}

}  // namespace
