#include "proxy/session/ebb.h"

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

constexpr std::uint64_t kMuch = 4 * Ebb::kWorthBytes;

base::SteadyTime at(int seconds) {
  return base::SteadyTime(std::chrono::seconds(1'000 + seconds));
}

TEST(Ebb, ComesOnceWhenMostOfAFloodIsGone) {
  Ebb ebb;
  EXPECT_FALSE(ebb.note(0, at(0)));
  EXPECT_FALSE(ebb.note(kMuch, at(1)));
  EXPECT_FALSE(ebb.note(kMuch / 2, at(2)));
  EXPECT_FALSE(ebb.note(kMuch / 8, at(3)));  // what it was in is not freed yet
  EXPECT_TRUE(ebb.note(kMuch / 8, at(4)));
  EXPECT_FALSE(ebb.note(kMuch / 8, at(100)));
  EXPECT_FALSE(ebb.note(0, at(101)));
  EXPECT_FALSE(ebb.note(0, at(200)));
}

TEST(Ebb, IsOverWhenTheNextFloodComes) {
  Ebb ebb;
  ebb.note(kMuch, at(0));
  EXPECT_FALSE(ebb.note(0, at(1)));
  EXPECT_FALSE(ebb.note(kMuch, at(2)));
  EXPECT_FALSE(ebb.note(0, at(3)));
  EXPECT_TRUE(ebb.note(0, at(4)));
}

TEST(Ebb, DoesNotComeForWhatABusyMinuteTakes) {
  Ebb ebb;
  EXPECT_FALSE(ebb.note(Ebb::kWorthBytes - 1, at(0)));
  EXPECT_FALSE(ebb.note(0, at(1)));
  EXPECT_FALSE(ebb.note(0, at(10)));
}

TEST(Ebb, WaitsForItsIntervalAndIsNotForgotten) {
  Ebb ebb;
  ebb.note(kMuch, at(0));
  ebb.note(0, at(1));
  EXPECT_TRUE(ebb.note(0, at(2)));
  ebb.note(kMuch, at(3));
  EXPECT_FALSE(ebb.note(0, at(4)));
  EXPECT_FALSE(ebb.note(0, at(11)));
  EXPECT_TRUE(ebb.note(0, at(12)));
}

}  // namespace
}  // namespace proxy::session
