#include "proxy/session/once_a_minute.h"

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(OnceAMinute, IsSaidAtOnceAndThenWhenAMinuteHasPassedSinceItWasSaid) {
  OnceAMinute said;
  const base::SteadyTime start{};  // of a machine that has just begun
  EXPECT_TRUE(said.is_due(start));
  for (int i = 0; i < 60; ++i) EXPECT_FALSE(said.is_due(start + seconds(i))) << i;
  EXPECT_FALSE(said.is_due(start + minutes(1) - milliseconds(1)));
  EXPECT_TRUE(said.is_due(start + minutes(1)));
  EXPECT_FALSE(said.is_due(start + minutes(1)));
  // What happens without an end is said again and again, and what happened seldom each time.
  EXPECT_FALSE(said.is_due(start + minutes(2) - milliseconds(1)));
  EXPECT_TRUE(said.is_due(start + minutes(2)));
  EXPECT_TRUE(said.is_due(start + hours(5)));
}

}  // namespace
}  // namespace proxy::session
