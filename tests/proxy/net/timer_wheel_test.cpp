#include "proxy/net/timer_wheel.h"

#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Counts, and does what the test wants done meanwhile.
struct Target final : TimerTarget {
  void on_timer(Timer&) override {
    ++fired;
    if (then) then();
  }
  int fired = 0;
  std::function<void()> then;
};

class TimerWheelTest : public ::testing::Test {
 protected:
  void advance_by(milliseconds time) {
    now += time;
    wheel.advance(now);
  }

  base::SteadyTime now{hours(5)};
  TimerWheel wheel{now};
  Target target;
  Timer timer{target};
};

TEST_F(TimerWheelTest, ATimerNeverFiresEarlyAndAtMostATickLate) {
  for (const milliseconds wait : {milliseconds(1), milliseconds(19), milliseconds(20),
                                  milliseconds(333), milliseconds(19'990), milliseconds(20'480),
                                  milliseconds(75'001), milliseconds(3'600'000)}) {
    target.fired = 0;
    wheel.arm(timer, now + wait);
    const base::SteadyTime due = now + wait;
    while (target.fired == 0) {
      advance_by(milliseconds(1));
      ASSERT_LE(now, due + TimerWheel::kTick) << wait.count();
    }
    EXPECT_GE(now, due) << wait.count();
    EXPECT_FALSE(timer.is_armed());
  }
}

TEST_F(TimerWheelTest, ADeadlineMovedAwayReplacesTheOldOne) {
  wheel.arm(timer, now + seconds(1));
  advance_by(milliseconds(900));
  wheel.arm(timer, now + seconds(1));
  advance_by(milliseconds(980));
  EXPECT_EQ(target.fired, 0);
  advance_by(milliseconds(40));
  EXPECT_EQ(target.fired, 1);
}

TEST_F(TimerWheelTest, ADeadlineMovedNearerFiresAtTheNearerTime) {
  wheel.arm(timer, now + seconds(75));
  wheel.arm(timer, now + milliseconds(100));
  advance_by(milliseconds(120));
  EXPECT_EQ(target.fired, 1);
}

TEST_F(TimerWheelTest, ADisarmedTimerDoesNotFireAndCanBeArmedAgain) {
  wheel.arm(timer, now + milliseconds(100));
  timer.disarm();
  advance_by(milliseconds(200));
  EXPECT_EQ(target.fired, 0);
  wheel.arm(timer, now + milliseconds(100));
  advance_by(milliseconds(120));
  EXPECT_EQ(target.fired, 1);
}

TEST_F(TimerWheelTest, ATargetMayDestroyAnyOtherTimerThatIsDue) {
  Target other_target;
  auto other = std::make_unique<Timer>(other_target);
  wheel.arm(timer, now + milliseconds(100));
  wheel.arm(*other, now + milliseconds(100));
  target.then = [&] { other.reset(); };
  advance_by(milliseconds(200));
  EXPECT_EQ(target.fired, 1);
  EXPECT_EQ(other_target.fired, 0);
}

TEST_F(TimerWheelTest, ATargetMayArmItsOwnTimerAgain) {
  target.then = [&] { wheel.arm(timer, now + milliseconds(100)); };
  wheel.arm(timer, now + milliseconds(100));
  for (int i = 0; i < 10; ++i) advance_by(milliseconds(120));
  EXPECT_EQ(target.fired, 10);
}

TEST_F(TimerWheelTest, AfterALongSleepEverythingDueFiresOnceAndTheRestStays) {
  std::vector<std::unique_ptr<Target>> targets;
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 1; i <= 200; ++i) {
    targets.push_back(std::make_unique<Target>());
    timers.push_back(std::make_unique<Timer>(*targets.back()));
    wheel.arm(*timers.back(), now + seconds(i));
  }
  advance_by(seconds(100) + TimerWheel::kTick);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    EXPECT_EQ(targets[i]->fired, i < 100 ? 1 : 0) << i;
  }
}

// What a deadline takes that many clients meet at once.
milliseconds time_taken{0};
base::SteadyTime clock_of_slices() {
  return base::SteadyTime(hours(1)) + time_taken;
}

TEST_F(TimerWheelTest, OfTimersThatTakeLongOneFiresInATurnAndTheOthersInTheNext) {
  target.then = [] { time_taken += TurnSlice::kTime; };
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < 5; ++i) {
    timers.push_back(std::make_unique<Timer>(target));
    wheel.arm(*timers.back(), now + seconds(1));
  }
  now += seconds(2);
  wheel.advance(now, &clock_of_slices);
  EXPECT_EQ(target.fired, 1);
  EXPECT_TRUE(wheel.has_due());
  EXPECT_LE(wheel.next_due(), now);
  // Those who wait may be moved away, disarmed and destroyed.
  wheel.arm(*timers[1], now + seconds(5));
  timers[2]->disarm();
  timers[3].reset();
  for (int i = 0; i < 4; ++i) wheel.advance(now, &clock_of_slices);
  EXPECT_EQ(target.fired, 2);
  EXPECT_FALSE(wheel.has_due());
  now += seconds(5) + TimerWheel::kTick;
  wheel.advance(now, &clock_of_slices);
  EXPECT_EQ(target.fired, 3);
  EXPECT_FALSE(timers[1]->is_armed());
}

TEST_F(TimerWheelTest, TimersThatTakeLittleFireInOneTurn) {
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < 100; ++i) {
    timers.push_back(std::make_unique<Timer>(target));
    wheel.arm(*timers.back(), now + seconds(1));
  }
  now += seconds(2);
  wheel.advance(now, &clock_of_slices);
  EXPECT_EQ(target.fired, 100);
  EXPECT_FALSE(wheel.has_due());
}

TEST_F(TimerWheelTest, NextDueIsNeverLaterThanTheEarliestDeadline) {
  EXPECT_FALSE(wheel.next_due().has_value());
  for (const milliseconds wait : {milliseconds(1), milliseconds(1'279), milliseconds(19'999)}) {
    wheel.arm(timer, now + wait);
    const auto due = wheel.next_due();
    ASSERT_TRUE(due.has_value());
    EXPECT_GT(*due, now) << wait.count();
    EXPECT_LE(*due, now + wait + TimerWheel::kTick) << wait.count();
    advance_by(wait + TimerWheel::kTick);
  }
}

TEST_F(TimerWheelTest, NextDueLeadsToADeadlineFurtherThanOneRound) {
  wheel.arm(timer, now + hours(1));
  int visits = 0;
  while (target.fired == 0) {
    const auto due = wheel.next_due();
    ASSERT_TRUE(due.has_value());
    now = *due;
    wheel.advance(now);
    ASSERT_LT(++visits, 400);
  }
}

}  // namespace
}  // namespace proxy::net
