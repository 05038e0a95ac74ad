#include "proxy/policy/rate_buckets.h"

#include <limits>

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kStart = 1'000'000 * kSecond;

// One a second, and five beyond that at once.
constexpr RateBuckets::Rate kRate{kSecond, 5 * kSecond};

// Hashes that a keyed hash could give: spread over all sets.
RateBuckets::Key client(std::uint64_t number, const RateBuckets::Rate& rate = kRate) {
  return {(number + 1) * 0x9e3779b97f4a7c15u, rate.interval + rate.slack};
}

int admitted(RateBuckets& buckets, RateBuckets::Key key, const RateBuckets::Rate& rate,
             std::uint64_t now, int asked) {
  int count = 0;
  for (int i = 0; i < asked; ++i) count += buckets.take(key, rate, now) == 0 ? 1 : 0;
  return count;
}

TEST(RateBuckets, LetTheBurstPassAndThenTheRate) {
  RateBuckets buckets(RateBuckets::kWays);
  const auto key = client(1);
  EXPECT_EQ(admitted(buckets, key, kRate, kStart, 20), 6);
  struct {
    std::uint64_t millis;
    int admitted;
  } const steps[] = {{999, 0}, {1000, 1}, {1001, 0}, {3500, 2}, {3999, 0}, {4000, 1}, {60'000, 6}};
  for (const auto& step : steps) {
    EXPECT_EQ(admitted(buckets, key, kRate, kStart + step.millis * 1'000'000, 20), step.admitted)
        << step.millis;
  }
}

TEST(RateBuckets, SayWhenTheNextMayPassAndThenItMay) {
  RateBuckets buckets(RateBuckets::kWays);
  const auto key = client(1);
  admitted(buckets, key, kRate, kStart, 6);
  const std::uint64_t wait = buckets.take(key, kRate, kStart + kSecond / 4);
  EXPECT_EQ(wait, kSecond * 3 / 4);
  EXPECT_NE(buckets.take(key, kRate, kStart + kSecond / 4 + wait - 1), 0u);
  EXPECT_EQ(buckets.take(key, kRate, kStart + kSecond / 4 + wait), 0u);
}

TEST(RateBuckets, ARequestThatIsRefusedCostsNothing) {
  RateBuckets buckets(RateBuckets::kWays);
  const auto key = client(1);
  admitted(buckets, key, kRate, kStart, 10'000);
  EXPECT_EQ(buckets.take(key, kRate, kStart + kSecond), 0u);
}

TEST(RateBuckets, ARequestThatIsGivenBackIsAsIfItHadNotBeen) {
  RateBuckets buckets(RateBuckets::kWays);
  const auto key = client(1);
  EXPECT_EQ(admitted(buckets, key, kRate, kStart, 20), 6);
  buckets.give_back(key, kRate);
  EXPECT_EQ(admitted(buckets, key, kRate, kStart, 20), 1);
  buckets.give_back(client(2), kRate);  // nobody knows it
  EXPECT_EQ(admitted(buckets, client(2), kRate, kStart, 20), 6);
}

TEST(RateBuckets, EachClientHasItsOwn) {
  RateBuckets buckets(64 * RateBuckets::kWays);
  for (std::uint64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(admitted(buckets, client(i), kRate, kStart, 20), 6) << i;
  }
}

TEST(RateBuckets, ABucketThatIsFullAgainTakesNoPlace) {
  RateBuckets buckets(64 * RateBuckets::kWays);
  for (std::uint64_t i = 0; i < 50; ++i) buckets.take(client(i), kRate, kStart);
  EXPECT_EQ(buckets.in_use(kStart), 50u);
  EXPECT_EQ(buckets.in_use(kStart + kSecond), 0u);
}

TEST(RateBuckets, WhoIsAtTheLimitStaysThereWhileAMillionOthersComeOnce) {
  RateBuckets buckets;
  const auto attacker = client(0);
  admitted(buckets, attacker, kRate, kStart, 6);
  for (std::uint64_t i = 1; i <= 1'000'000; ++i) {
    ASSERT_EQ(buckets.take(client(i), kRate, kStart), 0u) << i;
    if (i % 1000 != 0) continue;
    ASSERT_NE(buckets.take(attacker, kRate, kStart), 0u) << i;
  }
  EXPECT_LE(buckets.in_use(kStart), RateBuckets::kPlaces);
}

// A table that is far too small for them: each newcomer puts out somebody who came once.
TEST(RateBuckets, WhoIsAtTheLimitStaysThereWhenThereIsNoRoomForTheOthers) {
  RateBuckets buckets(4 * RateBuckets::kWays);
  const auto attacker = client(0);
  admitted(buckets, attacker, kRate, kStart, 6);
  for (std::uint64_t i = 1; i <= 100'000; ++i) {
    ASSERT_EQ(buckets.take(client(i), kRate, kStart), 0u) << i;
    ASSERT_NE(buckets.take(attacker, kRate, kStart), 0u) << i;
  }
}

// One request of this limit is owed for a minute, and all that the other one has is owed for less.
TEST(RateBuckets, ALongLimitPutsNobodyOutOfAShortOne) {
  constexpr RateBuckets::Rate kLong{60 * kSecond, 300 * kSecond};
  constexpr RateBuckets::Rate kShort{kSecond / 100, kSecond / 2};
  RateBuckets buckets(4 * RateBuckets::kWays);
  const auto attacker = client(0, kShort);
  admitted(buckets, attacker, kShort, kStart, 51);
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    ASSERT_EQ(buckets.take(client(i, kLong), kLong, kStart), 0u) << i;
    ASSERT_NE(buckets.take(attacker, kShort, kStart), 0u) << i;
  }
}

TEST(RateBuckets, ANewcomerFindsAPlaceWhenAllOthersAreAtTheirLimit) {
  RateBuckets buckets(RateBuckets::kWays);
  for (std::uint64_t i = 0; i < RateBuckets::kWays; ++i) {
    admitted(buckets, client(i), kRate, kStart, 6);
  }
  EXPECT_EQ(buckets.take(client(99), kRate, kStart), 0u);
}

TEST(RateBuckets, NoTimeIsTooLongForThem) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  constexpr auto kLastTick = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const RateBuckets::Rate rates[] = {{kMax, kMax}, {kMax, 0}, {1, kMax},
                                     {0, 0},       {1, 0},    {RateBuckets::kLongest, 1}};
  for (const auto& rate : rates) {
    for (const std::uint64_t now : {std::uint64_t{0}, kStart, kLastTick}) {
      RateBuckets buckets(RateBuckets::kWays);
      const RateBuckets::Key key(7, rate.slack);
      EXPECT_EQ(buckets.take(key, rate, now), 0u);
      EXPECT_GE(admitted(buckets, key, rate, now, 10), rate.slack > 1 && rate.interval < 2 ? 1 : 0);
      buckets.give_back(key, rate);
    }
  }
}

TEST(RateBuckets, AClockThatIsALittleBehindTakesNothingAndGivesNothing) {
  RateBuckets buckets(RateBuckets::kWays);
  const auto key = client(1);
  EXPECT_EQ(admitted(buckets, key, kRate, kStart, 3), 3);
  EXPECT_EQ(admitted(buckets, key, kRate, kStart - 1000, 20), 2);  // less than a token behind
  EXPECT_EQ(admitted(buckets, key, kRate, kStart, 20), 1);
}

}  // namespace
}  // namespace proxy::policy
