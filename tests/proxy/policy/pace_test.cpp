#include "proxy/policy/pace.h"

#include <gtest/gtest.h>

#include "proxy/config/limits.h"

namespace proxy::policy {
namespace {

using std::chrono::milliseconds;

const base::SteadyTime kBegin{std::chrono::seconds(1000)};

TEST(Pace, GivesASecondAtOnceAndThenAsMuchAsTimeHasPassed) {
  const Pace pace({.bytes_per_second = 8'000}, kBegin);
  EXPECT_EQ(pace.allowed(0, kBegin), 8'000u);
  EXPECT_EQ(pace.allowed(8'000, kBegin), 0u);
  EXPECT_EQ(pace.allowed(8'000, kBegin + milliseconds(500)), 4'000u);
  EXPECT_EQ(pace.allowed(12'000, kBegin + milliseconds(500)), 0u);
  EXPECT_EQ(pace.allowed(0, kBegin + milliseconds(10'000)), 88'000u);
}

TEST(Pace, WhatIsFreeComesBeforeTheRate) {
  const Pace pace({.bytes_per_second = 1'000, .free_bytes = 1u << 20}, kBegin);
  EXPECT_EQ(pace.allowed(0, kBegin), (1u << 20) + 1'000u);
  EXPECT_EQ(pace.allowed((1u << 20) + 1'000, kBegin), 0u);
}

TEST(Pace, NothingIsTakenThatIsNotWorthARead) {
  const Pace pace({.bytes_per_second = 8'000}, kBegin);
  EXPECT_EQ(pace.allowed(7'500, kBegin), 0u);
  EXPECT_EQ(pace.allowed(7'000, kBegin), 1'000u);
}

TEST(Pace, AfterTheWaitThereIsSomethingToTakeWhateverTheRate) {
  for (const std::uint64_t rate :
       {std::uint64_t{1}, std::uint64_t{7}, std::uint64_t{1'024}, std::uint64_t{1'000'003},
        std::uint64_t{1} << 40, config::kBodyBytesMax}) {
    for (const std::uint64_t taken : {std::uint64_t{0}, rate, rate + 5, 3 * rate}) {
      const Pace pace({.bytes_per_second = rate, .free_bytes = 3}, kBegin);
      const base::SteadyTime now = kBegin + milliseconds(700);
      if (pace.allowed(taken, now) > 0) continue;
      const milliseconds wait = pace.wait(taken, now);
      EXPECT_GT(wait.count(), 0);
      EXPECT_GT(pace.allowed(taken, now + wait), 0u) << rate << " " << taken;
    }
  }
}

TEST(Pace, BearsTheGreatestNumbersAndAClockThatIsBehind) {
  const Pace pace({.bytes_per_second = config::kBodyBytesMax, .free_bytes = config::kBodyBytesMax},
                  kBegin);
  EXPECT_GT(pace.allowed(0, kBegin + std::chrono::hours(24 * 3650)), 1u << 30);
  EXPECT_GT(pace.allowed(0, kBegin - std::chrono::hours(1)), 0u);
  EXPECT_GT(pace.wait(config::kBodyBytesMax * 4, kBegin).count(), 0);
}

}  // namespace
}  // namespace proxy::policy
