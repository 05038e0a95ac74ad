#include "operator/certificate/order_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/clock.h"

namespace {

using certificate::OrderHistory;
using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr base::WallTime kNow = fakes::FakeClock::kStart;
constexpr const char* kAccount = "https://ca.test/account/1";

api::Certificate certificate_for(std::vector<std::string> names, const std::string& uid) {
  api::Certificate certificate;
  certificate.metadata.uid = uid;
  certificate.spec.dns_names = std::move(names);
  return certificate;
}

TEST(OrderHistory, TellsWhatOthersGotForTheSameNamesInWhateverOrder) {
  OrderHistory history;
  history.note_issued(kAccount, certificate_for({"a.example", "b.example"}, "one"), kNow);
  history.note_issued(kAccount, certificate_for({"b.example", "a.example"}, "two"), kNow);
  auto asker = certificate_for({"a.example", "b.example"}, "two");
  asker.status.recent_issuances = {kNow};
  const auto others = history.of_others(kAccount, asker, {}, kNow);
  EXPECT_THAT(others.ordered, ElementsAre(kNow)) << "its own are in its status";
  EXPECT_FALSE(others.is_of_its_own);
  EXPECT_THAT(history.of_others("another account", asker, {}, kNow).ordered, IsEmpty());
  EXPECT_THAT(history.of_others(kAccount, certificate_for({"a.example"}, "x"), {}, kNow).ordered,
              IsEmpty());
}

TEST(OrderHistory, TellsWhatACertificateItselfGotOnceItsStatusIsEmptied) {
  OrderHistory history;
  auto asker = certificate_for({"a.example"}, "asker");
  asker.status.recent_issuances = {kNow};
  asker.status.begun_orders = {kNow + minutes(1)};
  asker.status.last_failure_time = kNow + minutes(2);
  history.note_issued(kAccount, asker, kNow);
  history.note_failed(kAccount, asker, kNow + minutes(1));
  history.note_failed(kAccount, asker, kNow + minutes(2));
  history.note_begun(kAccount, asker, kNow + minutes(1));
  const auto told = history.of_others(kAccount, asker, {}, kNow + minutes(3));
  EXPECT_THAT(told.ordered, IsEmpty());
  EXPECT_THAT(told.failed, IsEmpty());
  EXPECT_FALSE(told.is_of_its_own);
  asker.status = {};
  const auto untold = history.of_others(kAccount, asker, {}, kNow + minutes(3));
  EXPECT_THAT(untold.ordered, ElementsAre(kNow, kNow + minutes(1)));
  EXPECT_THAT(untold.failed, ElementsAre(kNow + minutes(1), kNow + minutes(2)));
  EXPECT_TRUE(untold.is_of_its_own);
}

TEST(OrderHistory, CountsIssuancesForADayAndFailuresForAnHour) {
  OrderHistory history;
  const auto other = certificate_for({"a.example"}, "other");
  const auto asker = certificate_for({"a.example"}, "asker");
  history.note_issued(kAccount, other, kNow - hours(25));
  history.note_issued(kAccount, other, kNow - hours(23));
  history.note_failed(kAccount, other, kNow - minutes(61));
  history.note_failed(kAccount, other, kNow - minutes(59));
  const auto others = history.of_others(kAccount, asker, {}, kNow);
  EXPECT_THAT(others.ordered, ElementsAre(kNow - hours(23)));
  EXPECT_THAT(others.failed, ElementsAre(kNow - minutes(59)));
}

TEST(OrderHistory, AnIssuanceEndsTheFailuresBeforeIt) {
  OrderHistory history;
  const auto other = certificate_for({"a.example"}, "other");
  const auto asker = certificate_for({"a.example"}, "asker");
  history.note_failed(kAccount, other, kNow);
  history.note_issued(kAccount, asker, kNow);
  history.note_failed(kAccount, other, kNow + minutes(1));
  EXPECT_THAT(history.of_others(kAccount, asker, {}, kNow + minutes(2)).failed,
              ElementsAre(kNow + minutes(1)));
}

TEST(OrderHistory, KnowsOfALimitThatTheServerSetUntilItIsOver) {
  OrderHistory history;
  const auto asker = certificate_for({"a.example"}, "asker");
  history.note_failed(kAccount, certificate_for({"a.example"}, "other"), kNow, kNow + hours(30));
  EXPECT_EQ(history.of_others(kAccount, asker, {}, kNow + hours(29)).limited_until,
            kNow + hours(30));
  EXPECT_FALSE(history.of_others(kAccount, asker, {}, kNow + hours(30)).limited_until);
}

TEST(OrderHistory, TellsTheLifeOfTheNewestCertificateThatAnotherOneHas) {
  const auto living = [](const std::string& uid, base::WallTime issued, hours life) {
    auto one = std::make_shared<api::Certificate>(certificate_for({"a.example"}, uid));
    one->status.recent_issuances = {issued};
    one->status.not_after = issued + life;
    return one;
  };
  const OrderHistory history;
  const auto asker = certificate_for({"a.example"}, "asker");
  const auto life_among = [&](const OrderHistory::Living& all) {
    return history.of_others(kAccount, asker, all, kNow).life;
  };
  EXPECT_FALSE(life_among({}));
  EXPECT_FALSE(life_among({living("asker", kNow, hours(6))}));
  EXPECT_EQ(life_among({living("old", kNow - hours(24 * 60), hours(24 * 90)),
                        living("new", kNow - hours(1), hours(6)),
                        living("older", kNow - hours(2), hours(7))}),
            hours(6));
}

TEST(OrderHistory, ForgetsTheSetThatWasUsedLongestAgo) {
  OrderHistory history;
  const auto named = [](std::size_t i) {
    return certificate_for({std::to_string(i) + ".example"}, "other");
  };
  for (std::size_t i = 0; i < OrderHistory::kSetsMax; ++i) {
    history.note_issued(kAccount, named(i), kNow);
  }
  history.note_issued(kAccount, named(0), kNow);
  history.note_issued(kAccount, named(OrderHistory::kSetsMax), kNow);
  EXPECT_EQ(history.size(), OrderHistory::kSetsMax);
  const auto count = [&](std::size_t i) {
    auto asker = named(i);
    asker.metadata.uid = "asker";
    return history.of_others(kAccount, asker, {}, kNow).ordered.size();
  };
  EXPECT_EQ(count(0), 2u);
  EXPECT_EQ(count(1), 0u);
  EXPECT_EQ(count(2), 1u);
  EXPECT_EQ(count(OrderHistory::kSetsMax), 1u);
}

TEST(OrderHistory, KeepsFewOutcomesOfASetThatFailsForEver) {
  OrderHistory history;
  for (int i = 0; i < 1000; ++i) {
    history.note_failed(kAccount, certificate_for({"a.example"}, std::to_string(i)), kNow);
  }
  EXPECT_LE(
      history.of_others(kAccount, certificate_for({"a.example"}, "x"), {}, kNow).failed.size(),
      12u);
}

}  // namespace
