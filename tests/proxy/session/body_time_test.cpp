#include "proxy/session/body_time.h"

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr BodyTime::Limits kLimits{
    .grace = seconds(60), .bytes_per_second_min = 500, .total = hours(4)};

class BodyTimeTest : public ::testing::Test {
 protected:
  BodyTimeTest() { time_.await(now_); }
  void comes(std::uint64_t bytes, seconds after, bool awaited = true) {
    now_ += after;
    time_.note(now_, bytes);
    if (!awaited) time_.pause(now_);
  }
  bool too_slow() const { return time_.is_too_slow(kLimits); }

  base::SteadyTime now_{hours(1)};
  BodyTime time_;
};

TEST_F(BodyTimeTest, AByteNowAndThenIsTooSlowOnceTheGraceIsOver) {
  for (int i = 0; i < 6; ++i) {
    comes(1, seconds(10));
    EXPECT_FALSE(too_slow()) << i;
  }
  comes(1, seconds(10));
  EXPECT_TRUE(too_slow());
}

TEST_F(BodyTimeTest, FiveHundredBytesASecondAreEnough) {
  for (int i = 0; i < 600; ++i) comes(5'000, seconds(10));
  EXPECT_FALSE(too_slow());
}

TEST_F(BodyTimeTest, WhatCameFastBuysTimeForAPause) {
  comes(1'000'000, seconds(1));
  comes(1, seconds(2'000));
  EXPECT_FALSE(too_slow());
  comes(1, seconds(60));
  EXPECT_TRUE(too_slow());
}

TEST_F(BodyTimeTest, ThereIsATimeForAllOfIt) {
  comes(1'000'000'000, seconds(1));
  comes(1, hours(4) - seconds(1));
  EXPECT_FALSE(too_slow());
  comes(1, seconds(1));
  EXPECT_TRUE(too_slow());
}

// As a call has it, whose messages may come now and then.
TEST_F(BodyTimeTest, WithAGraceThatIsTheTimeForAllOfItThereIsNoLeastRate) {
  constexpr BodyTime::Limits kOfACall{.grace = hours(4), .total = hours(4)};
  for (int i = 0; i < 24; ++i) comes(1, seconds(600));
  EXPECT_FALSE(time_.is_too_slow(kOfACall));
  comes(1, seconds(1));
  EXPECT_TRUE(time_.is_too_slow(kOfACall));
}

TEST_F(BodyTimeTest, AnEndpointThatTakesNothingIsNotTheClientsFault) {
  comes(1, seconds(59), false);
  now_ += hours(9);
  time_.await(now_);
  time_.await(now_ + seconds(1));  // it was awaited already
  comes(1, seconds(1));
  EXPECT_FALSE(too_slow());
  comes(1, seconds(1));
  EXPECT_TRUE(too_slow());
}

TEST_F(BodyTimeTest, WhatWasSentWithoutBeingAwaitedCostsNoTime) {
  comes(1, seconds(1), false);
  comes(1, hours(1), false);
  comes(1, hours(1));
  EXPECT_FALSE(too_slow());
}

}  // namespace
}  // namespace proxy::session
