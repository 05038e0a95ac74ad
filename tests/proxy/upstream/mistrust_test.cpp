#include "proxy/upstream/mistrust.h"

#include <gtest/gtest.h>

namespace proxy::upstream {
namespace {

using std::chrono::milliseconds;

constexpr base::SteadyTime kStart{std::chrono::hours(1)};
constexpr Mistrust::Times kTimes;
constexpr milliseconds kMin = kTimes.min;
constexpr milliseconds kMax = kTimes.max;
constexpr milliseconds kMoment{1};

TEST(Mistrust, NobodyIsMistrustedAtFirst) {
  EXPECT_FALSE(Mistrust(kTimes).is_on(kStart));
  EXPECT_FALSE(Mistrust(kTimes).has_cause(kStart));
}

TEST(Mistrust, OneHiccupIsForgottenSoon) {
  Mistrust mistrust(kTimes);
  mistrust.note(kStart);
  EXPECT_TRUE(mistrust.is_on(kStart));
  EXPECT_TRUE(mistrust.is_on(kStart + kMin - kMoment));
  EXPECT_FALSE(mistrust.is_on(kStart + kMin));
  EXPECT_TRUE(mistrust.has_cause(kStart + kMin));
  EXPECT_LE(kMin, std::chrono::minutes(1));
}

TEST(Mistrust, WhoGoesOnIsMistrustedTwiceAsLongEachTimeUpToALimit) {
  Mistrust mistrust(kTimes);
  base::SteadyTime now = kStart;
  for (milliseconds time = kMin; time < kMax; time *= 2) {
    mistrust.note(now);
    EXPECT_TRUE(mistrust.is_on(now + time - kMoment)) << time.count();
    now += time;
    EXPECT_FALSE(mistrust.is_on(now)) << time.count();
  }
  for (int i = 0; i < 3; ++i) {
    mistrust.note(now);
    EXPECT_TRUE(mistrust.is_on(now + kMax - kMoment));
    now += kMax;
    EXPECT_FALSE(mistrust.is_on(now));
  }
}

// A hiccup shows on many connections at once.
TEST(Mistrust, WhatComesMeanwhileProlongsItAndIsNoSecondTime) {
  Mistrust mistrust(kTimes);
  mistrust.note(kStart);
  mistrust.note(kStart + kMin / 2);
  EXPECT_TRUE(mistrust.is_on(kStart + kMin));
  EXPECT_FALSE(mistrust.is_on(kStart + kMin / 2 + kMin));
}

TEST(Mistrust, WhoWasGoodForAsLongBeginsAnew) {
  Mistrust mistrust(kTimes);
  mistrust.note(kStart);
  mistrust.note(kStart + 2 * kMin - kMoment);  // within as long: 20 s
  const base::SteadyTime end = kStart + 4 * kMin - kMoment;
  EXPECT_TRUE(mistrust.is_on(end - kMoment));
  EXPECT_FALSE(mistrust.is_on(end));
  const base::SteadyTime much_later = end + 2 * kMin;
  mistrust.note(much_later);
  EXPECT_FALSE(mistrust.is_on(much_later + kMin));
}

TEST(Mistrust, AConnectionIsUsedAgainAtOnceUnlessThereIsCauseToLetItBeSilentFirst) {
  Mistrust mistrust(kTimes);
  EXPECT_TRUE(mistrust.allows(kStart, kStart));
  mistrust.note(kStart);
  EXPECT_FALSE(mistrust.allows(kStart + kMin - kMoment, kStart));
  const base::SteadyTime after = kStart + kMin;
  EXPECT_TRUE(mistrust.allows(after, after - kTimes.silence));
  EXPECT_FALSE(mistrust.allows(after, after - kTimes.silence + kMoment));
  // Long after, it is like any other.
  const base::SteadyTime forgotten = after + kMax;
  EXPECT_FALSE(mistrust.has_cause(forgotten));
  EXPECT_TRUE(mistrust.allows(forgotten, forgotten));
}

}  // namespace
}  // namespace proxy::upstream
