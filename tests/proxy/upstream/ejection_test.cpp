#include "proxy/upstream/ejection.h"

#include <gtest/gtest.h>

namespace proxy::upstream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::SteadyTime kStart{std::chrono::hours(1)};

TEST(Ejection, SoManyFailuresInARowAreTooMany) {
  Ejection ejection;
  const Ejection::Rules rules{.failures_max = 3};
  EXPECT_FALSE(ejection.note_failure(rules));
  EXPECT_FALSE(ejection.note_failure(rules));
  ejection.note_success();
  EXPECT_FALSE(ejection.note_failure(rules));
  EXPECT_FALSE(ejection.note_failure(rules));
  EXPECT_TRUE(ejection.note_failure(rules));
  EXPECT_TRUE(ejection.note_failure(rules)) << "and stay so";
  EXPECT_FALSE(ejection.is_out(kStart)) << "that is for others to decide";
}

TEST(Ejection, CanBeSwitchedOff) {
  Ejection ejection;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(ejection.note_failure({.failures_max = 0}));
  EXPECT_FALSE(ejection.has_failures());
}

TEST(Ejection, AfterThePauseOneFailureIsEnoughForTwiceAsLong) {
  Ejection ejection;
  const Ejection::Rules rules{};
  base::SteadyTime now = kStart;
  for (const int pause : {10, 20, 40, 80, 160, 300, 300}) {
    ejection.begin(now, rules);
    EXPECT_TRUE(ejection.is_out(now + seconds(pause) - milliseconds(1))) << pause;
    now += seconds(pause);
    EXPECT_FALSE(ejection.is_out(now)) << pause;
    EXPECT_TRUE(ejection.note_failure(rules)) << pause;
  }
}

TEST(Ejection, WhoIsGoodForAsLongAsItsPauseBeginsAnew) {
  Ejection ejection;
  const Ejection::Rules rules{};
  ejection.begin(kStart, rules);
  ejection.begin(kStart + seconds(10), rules);  // for 20 s
  const base::SteadyTime now = kStart + seconds(10 + 20 + 20);
  ejection.begin(now, rules);
  EXPECT_FALSE(ejection.is_out(now + seconds(10)));
}

}  // namespace
}  // namespace proxy::upstream
