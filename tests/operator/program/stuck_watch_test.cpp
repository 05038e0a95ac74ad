#include "operator/program/stuck_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace program {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class StuckWatchTest : public testing::Test {
 protected:
  // As a kubelet does it.
  std::string ask_each_ten_seconds_for(seconds time) {
    std::string why;
    for (seconds asked{}; asked < time && why.empty(); asked += seconds(10)) {
      now_ += seconds(10);
      progress_.rounds += rounds_each_;
      progress_.processor_time += processor_time_each_;
      why = watch_.why_stuck(progress_, now_);
    }
    return why;
  }

  StuckWatch watch_;
  base::SteadyTime now_{hours(1)};
  LoopProgress progress_{5, seconds(3)};
  std::uint64_t rounds_each_ = 0;
  std::chrono::nanoseconds processor_time_each_{};
};

TEST_F(StuckWatchTest, ALoopThatComesRoundIsNotStuckHoweverLittleItDoes) {
  rounds_each_ = 1;
  EXPECT_EQ(ask_each_ten_seconds_for(hours(1)), "");
}

TEST_F(StuckWatchTest, ASlowLoopIsNotStuckWhileItMoves) {
  processor_time_each_ = seconds(2);  // a fifth of a processor
  EXPECT_EQ(ask_each_ten_seconds_for(seconds(1800)), "");
  processor_time_each_ = milliseconds(1);
  EXPECT_EQ(ask_each_ten_seconds_for(hours(10)), "");
}

TEST_F(StuckWatchTest, ALoopThatWaitsForEverIsStuck) {
  EXPECT_EQ(ask_each_ten_seconds_for(seconds(60)), "");
  EXPECT_THAT(ask_each_ten_seconds_for(seconds(20)), HasSubstr("has not moved for 60 s"));
}

TEST_F(StuckWatchTest, ALoopThatGoesInCirclesIsStuck) {
  processor_time_each_ = seconds(10);
  EXPECT_EQ(ask_each_ten_seconds_for(seconds(590)), "");
  EXPECT_THAT(ask_each_ten_seconds_for(seconds(60)), HasSubstr("of processor time"));
}

TEST_F(StuckWatchTest, AProcessThatWasAsleepIsNotStuck) {
  ask_each_ten_seconds_for(seconds(30));
  now_ += hours(3);  // stopped, or its machine was
  EXPECT_EQ(watch_.why_stuck(progress_, now_), "");
  rounds_each_ = 1;
  EXPECT_EQ(ask_each_ten_seconds_for(seconds(600)), "");
}

TEST_F(StuckWatchTest, WhatMovesAgainBeginsAnew) {
  ask_each_ten_seconds_for(seconds(50));
  ++progress_.rounds;
  EXPECT_EQ(ask_each_ten_seconds_for(seconds(60)), "");
}

}  // namespace
}  // namespace program
