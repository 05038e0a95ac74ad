#include "operator/certificate/pace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/certificate/renewal.h"
#include "tests/fakes/clock.h"

// How often a Certificate may cost its CA an order, whatever wants it.
namespace {

using certificate::paced_until;
using certificate::with_time;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::SizeIs;

constexpr base::WallTime kNow = fakes::FakeClock::kStart;

struct Row {
  const char* what;
  std::vector<seconds> ago;  // of the issuances
  std::optional<seconds> wait;
};

TEST(PacedUntil, TheThirdIssuanceOfADayWaitsAsAfterAFailure) {
  const Row rows[] = {
      {"none", {}, {}},
      {"one just now", {seconds(0)}, {}},
      {"two just now", {seconds(0), seconds(0)}, minutes(1)},
      {"two, a while ago", {hours(3), seconds(20)}, seconds(40)},
      {"two, waited for", {hours(3), minutes(1)}, {}},
      {"three", {hours(2), hours(1), seconds(0)}, minutes(10)},
      {"four", {hours(3), hours(2), hours(1), seconds(0)}, minutes(100)},
      {"five", {hours(4), hours(3), hours(2), hours(1), seconds(0)}, hours(24)},
      {"of other days", {days(3), days(2), hours(25)}, {}},
      {"by a clock that was an hour ahead", {hours(-1), hours(-1)}, minutes(1)},
      {"by a clock that was a year ahead", {days(-365), days(-365)}, {}},
  };
  for (const Row& row : rows) {
    std::vector<base::WallTime> issued;
    for (const seconds ago : row.ago) issued.push_back(kNow - ago);
    const auto until = paced_until(issued, kNow, 0);
    ASSERT_EQ(until.has_value(), row.wait.has_value()) << row.what;
    if (!until) continue;
    EXPECT_EQ(*until - kNow, *row.wait) << row.what;
  }
}

TEST(PacedUntil, ALoopThatWantsACertificateAllTheTimeGetsFiveOnTheFirstDay) {
  std::vector<base::WallTime> issued;
  base::WallTime now = kNow;
  for (; now < kNow + days(1); now += seconds(10)) {
    if (!paced_until(issued, now, 0)) issued = with_time(issued, now);
  }
  EXPECT_THAT(issued, SizeIs(5));
  int later = 0;
  for (; now < kNow + days(8); now += seconds(10)) {
    if (paced_until(issued, now, 0)) continue;
    issued = with_time(issued, now);
    ++later;
  }
  EXPECT_LE(later, 35);
}

TEST(PacedUntil, ChanceOnlyEverMakesItLater) {
  const std::vector<base::WallTime> issued = {kNow, kNow};
  EXPECT_GT(*paced_until(issued, kNow, 0.9), *paced_until(issued, kNow, 0));
}

TEST(PacedUntil, APauseIsShortBesideALifeThatIs) {
  struct Life {
    seconds left;  // at the issuance
    seconds wait;
  };
  for (const Life& life : {Life{days(90), hours(24)}, Life{days(6), hours(24)},
                           Life{hours(6), hours(2)}, Life{minutes(12), minutes(10)}}) {
    api::CertificateStatus status;
    status.recent_issuances.assign(6, kNow);
    status.not_after = kNow + life.left;
    EXPECT_EQ(*paced_until(status, kNow, 0) - kNow, life.wait) << life.left.count();
  }
}

TEST(WithTime, KeepsWhatCountsAndNoMore) {
  EXPECT_THAT(with_time({kNow - days(2), kNow - hours(1)}, kNow),
              ElementsAre(kNow - hours(1), kNow));
  EXPECT_THAT(with_time({}, kNow + std::chrono::milliseconds(700)), ElementsAre(kNow))
      << "what is read back from status is the same";
  std::vector<base::WallTime> many(100, kNow);
  EXPECT_LE(with_time(many, kNow).size(), 6u);
}

TEST(PacedUntil, WhatWasBegunAndLedToNothingCountsLikeWhatWasIssued) {
  api::CertificateStatus status;
  status.recent_issuances = {kNow - hours(2)};
  EXPECT_FALSE(paced_until(status, kNow, 0));
  status.begun_orders = {kNow - seconds(20)};
  EXPECT_EQ(*paced_until(status, kNow, 0) - kNow, seconds(40));
  const auto brake = certificate::brake_for(status, {}, kNow, 0);
  ASSERT_TRUE(brake);
  EXPECT_EQ(brake->reason, "OrderedTooOften");
  EXPECT_THAT(brake->why, testing::HasSubstr("1 order was begun within a day that led to no "
                                             "certificate, and 1 certificate was issued"));
}

TEST(OrderInDoubt, IsOneThatNothingInStatusTellsOf) {
  api::CertificateStatus status;
  EXPECT_TRUE(certificate::has_order_in_doubt(status)) << "a first issuance";
  status.recent_issuances = {kNow - hours(1)};
  EXPECT_TRUE(certificate::has_order_in_doubt(status));
  status.begun_orders = {kNow - hours(2)};
  EXPECT_TRUE(certificate::has_order_in_doubt(status)) << "of an earlier one";
  status.begun_orders.push_back(kNow);
  EXPECT_FALSE(certificate::has_order_in_doubt(status)) << "it is written";
  status.recent_issuances = {kNow};
  EXPECT_FALSE(certificate::has_order_in_doubt(status)) << "and cannot be told from a later one";
  status.recent_issuances = {kNow + seconds(1)};
  EXPECT_TRUE(certificate::has_order_in_doubt(status)) << "what was begun before it led to nothing";
  status.begun_orders.clear();
  status.failed_issuance_attempts = 1;
  EXPECT_FALSE(certificate::has_order_in_doubt(status)) << "it failed, and that has its own pace";
}

// ---- Renewal is judged from the moment of issuance

api::Certificate certificate_of(const std::string& uid = "") {
  api::Certificate certificate;
  certificate.metadata.uid = uid;
  certificate.status.serial_number = "04:ab";
  return certificate;
}

base::CertificateInfo leaf_of(base::WallTime not_before, base::WallTime not_after) {
  base::CertificateInfo leaf;
  leaf.serial = "04:ab";
  leaf.fingerprint_sha256 = "aa:bb";
  leaf.not_before = not_before;
  leaf.not_after = not_after;
  return leaf;
}

TEST(RenewalTime, LiesAfterTheIssuanceWhateverSpecAndServerSay) {
  struct Case {
    const char* what;
    seconds backdated;  // notBefore lies so long before the issuance
    seconds left;       // notAfter so long after
    std::optional<seconds> renew_before;
    std::optional<std::pair<seconds, seconds>> window;  // from the issuance
  };
  const Case cases[] = {
      {"window long over", hours(1), days(90), {}, {{days(-20), days(-19)}}},
      {"window over a moment ago", hours(1), days(90), {}, {{hours(-2), seconds(-1)}}},
      {"window around the issuance", hours(1), days(90), {}, {{days(-20), seconds(1)}}},
      {"renewBefore near the life", hours(1), days(90), days(90) - minutes(10), {}},
      {"renewBefore is the life", hours(1), days(90), days(90), {}},
      {"renewBefore beyond the life", hours(1), days(90), days(900), {}},
      {"backdated by most of its life", days(80), days(10), {}, {}},
      {"an hour of life, backdated by an hour", hours(1), hours(1), {}, {}},
      {"a clock that is months ahead", days(89), days(1), {}, {}},
      {"a clock that is months behind", days(-80), days(170), {}, {}},
  };
  for (const Case& one : cases) {
    api::Certificate certificate = certificate_of("uid-1");
    certificate.spec.renew_before = one.renew_before;
    certificate.status.recent_issuances = {kNow};
    if (one.window) {
      certificate.status.renewal_info =
          api::RenewalInfoStatus{kNow + one.window->first, kNow + one.window->second, "", {}};
    }
    const auto leaf = leaf_of(kNow - one.backdated, kNow + one.left);
    const base::WallTime renewal = certificate::renewal_time(certificate, leaf);
    const seconds least = std::min<seconds>(one.left / 20, hours(23));
    EXPECT_GE(renewal, kNow + least) << one.what;
    EXPECT_LT(renewal, leaf.not_after) << one.what;
  }
}

TEST(RenewalTime, OfWhatWasIssuedTogetherIsSpreadOverAFewPercentOfTheLife) {
  base::WallTime first = base::WallTime::max();
  base::WallTime last{};
  for (int i = 0; i < 100; ++i) {
    const auto renewal = certificate::renewal_time(certificate_of("uid-" + std::to_string(i)),
                                                   leaf_of(kNow, kNow + days(90)));
    first = std::min(first, renewal);
    last = std::max(last, renewal);
  }
  EXPECT_GT(last - first, days(2));
  EXPECT_LE(last - first, days(3));
  EXPECT_LE(last, kNow + days(60)) << "only ever earlier";
}

TEST(TakeBack, AFailureOfAClockThatWasAheadIsMovedToNowWithTheAttemptThatFollows) {
  api::CertificateStatus status;
  EXPECT_FALSE(certificate::take_back(status, kNow));
  status.last_failure_time = kNow + hours(24 * 365);
  status.next_attempt_time = *status.last_failure_time + minutes(10);
  EXPECT_TRUE(certificate::take_back(status, kNow));
  EXPECT_EQ(status.last_failure_time, kNow);
  EXPECT_EQ(status.next_attempt_time, kNow + minutes(10));
  status.last_failure_time = kNow + seconds(30);
  EXPECT_FALSE(certificate::take_back(status, kNow)) << "a step of NTP";
}

// ---- What others got for the same names

TEST(BrakeFor, ACertificateThatHasGotNothingWaitsForWhatOthersGot) {
  struct OthersRow {
    const char* what;
    std::vector<seconds> issued_ago, failed_ago;
    std::optional<seconds> limited_for;
    std::string reason;
    seconds wait{};
  };
  const OthersRow rows[] = {
      {"nothing", {}, {}, {}, "", {}},
      {"one certificate", {seconds(0)}, {}, {}, "", {}},
      {"two certificates", {seconds(5), seconds(0)}, {}, {}, "IssuedTooOften", minutes(1)},
      {"two failures", {}, {seconds(2), seconds(1)}, {}, "", {}},
      {"three", {}, {seconds(2), seconds(1), seconds(0)}, {}, "FailedTooOften", minutes(1)},
      {"three a while ago", {}, {minutes(9), minutes(8), minutes(7)}, {}, "", {}},
      {"four",
       {},
       {seconds(4), seconds(3), seconds(2), seconds(0)},
       {},
       "FailedTooOften",
       minutes(10)},
      {"a limit", {}, {seconds(0)}, hours(3), "FailedTooOften", hours(3)},
  };
  for (const OthersRow& row : rows) {
    certificate::OrderHistory::OfOthers others;
    for (const seconds ago : row.issued_ago) others.ordered.push_back(kNow - ago);
    for (const seconds ago : row.failed_ago) others.failed.push_back(kNow - ago);
    if (row.limited_for) others.limited_until = kNow + *row.limited_for;
    api::CertificateStatus status;
    const auto brake = certificate::brake_for(status, others, kNow, 0);
    ASSERT_EQ(brake.has_value(), !row.reason.empty()) << row.what;
    if (brake) {
      EXPECT_EQ(brake->reason, row.reason) << row.what;
      EXPECT_EQ(brake->until - kNow, row.wait) << row.what;
    }
    status.revision = 1;
    EXPECT_FALSE(certificate::brake_for(status, others, kNow, 0)) << row.what << ": its own pace";
  }
}

TEST(BrakeFor, NobodyWaitsLongerThanAQuarterOfTheLifeThatOthersGot) {
  struct LifeRow {
    const char* what;
    std::optional<seconds> life;
    std::size_t ordered;
    seconds wait;
  };
  const LifeRow rows[] = {
      {"not known", {}, 5, hours(24)},
      {"three months", days(90), 5, hours(24)},
      {"six hours", hours(6), 5, minutes(90)},
      {"six hours, but few orders", hours(6), 3, minutes(10)},
      {"minutes", minutes(12), 5, seconds(450)},
      {"none", seconds(-1), 5, seconds(450)},
  };
  for (const LifeRow& row : rows) {
    certificate::OrderHistory::OfOthers others;
    others.ordered.assign(row.ordered, kNow);
    others.life = row.life;
    const auto brake = certificate::brake_for({}, others, kNow, 0);
    ASSERT_TRUE(brake) << row.what;
    EXPECT_EQ(brake->until - kNow, row.wait) << row.what;
    EXPECT_FALSE(certificate::brake_for({}, others, kNow + row.wait, 0)) << row.what;
  }
}

// The one that is there is renewed as soon as it may be, and looks first each time.
TEST(BrakeFor, BesideOneThatIsRenewedAllTheTimeAnotherGetsItsTurn) {
  for (const seconds life : {seconds(minutes(20)), seconds(hours(6)), seconds(days(1))}) {
    api::CertificateStatus renewed;
    renewed.revision = 1;
    certificate::OrderHistory::OfOthers others;
    base::WallTime now = kNow;
    const auto has_turn = [&] {
      if (!certificate::paced_until(renewed, now, 0)) {
        renewed.recent_issuances = with_time(renewed.recent_issuances, now);
        renewed.not_after = now + life;
        others.ordered = renewed.recent_issuances;
        others.life = life;
      }
      return now > kNow + hours(1) && !certificate::brake_for({}, others, now, 0);
    };
    while (!has_turn() && now < kNow + days(2)) now += seconds(10);
    EXPECT_LT(now, kNow + days(2)) << life.count();
  }
}

}  // namespace
