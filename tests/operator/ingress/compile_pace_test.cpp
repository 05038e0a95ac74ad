#include "operator/ingress/compile_pace.h"

#include <gtest/gtest.h>

#include "tests/fakes/clock.h"

namespace ingress {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class CompilePaceTest : public testing::Test {
 protected:
  void compile_for(std::chrono::steady_clock::duration time) {
    const base::SteadyTime begin = clock_.steady_now();
    clock_.advance(time);
    pace_.on_compiled(begin, clock_.steady_now());
  }
  auto wait() const { return pace_.wait(clock_.steady_now()); }

  fakes::FakeClock clock_;
  CompilePace pace_{milliseconds(5)};
};

TEST_F(CompilePaceTest, AChangeThatComesAtRestWaitsForNothing) {
  compile_for(seconds(1));
  compile_for(seconds(1));
  clock_.advance(seconds(1));
  EXPECT_EQ(wait(), seconds(0));
}

TEST_F(CompilePaceTest, WhatFollowsAChangeWithinAMomentIsOneCompilation) {
  compile_for(seconds(0));
  compile_for(seconds(0));
  EXPECT_EQ(wait(), milliseconds(5));
  clock_.advance(milliseconds(2));
  EXPECT_EQ(wait(), milliseconds(3));
}

TEST_F(CompilePaceTest, AClusterThatNeverRestsIsCompiledHalfOfTheTime) {
  compile_for(milliseconds(1));
  compile_for(milliseconds(400));
  EXPECT_EQ(wait(), milliseconds(400));
  clock_.advance(milliseconds(300));
  EXPECT_EQ(wait(), milliseconds(100));
}

TEST_F(CompilePaceTest, TheFirstCompilationWhichReadsEverythingHoldsNothingBack) {
  EXPECT_EQ(wait(), seconds(0));
  compile_for(seconds(20));
  EXPECT_EQ(wait(), milliseconds(5));
}

}  // namespace
}  // namespace ingress
