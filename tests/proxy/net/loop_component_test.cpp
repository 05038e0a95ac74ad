#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include "proxy/net/fd.h"
#include "proxy/net/loop.h"

namespace proxy::net {
namespace {

// A clock that goes when a test says so: another program on this core is not what is tested.
std::chrono::milliseconds time_passed{0};
base::SteadyTime still_clock() {
  return base::SteadyTime(std::chrono::hours(1)) + time_passed;
}

// Stops the loop after some turns, and writes down when each ended.
class Turns final : public TurnEnd {
 public:
  Turns(Loop& loop, std::vector<int>& story, int count)
      : loop_(loop), story_(story), left_(count) {}
  bool on_turn_end() override {
    story_.push_back(0);
    if (--left_ == 0) loop_.stop();
    return left_ > 0;
  }

 private:
  Loop& loop_;
  std::vector<int>& story_;
  int left_;
};

// Writes its number down each time that it is resumed, and asks for more.
class Insatiable final : public EventHandler {
 public:
  Insatiable(Loop& loop, std::vector<int>& story, int number)
      : loop_(loop), story_(story), number_(number) {}
  void on_ready(Ready) override {}
  void on_resumed() override {
    story_.push_back(number_);
    loop_.resume_soon(*this);
    loop_.resume_soon(*this);
  }

 private:
  Loop& loop_;
  std::vector<int>& story_;
  int number_;
};

TEST(Loop, WhoeverHasMoreToDoIsResumedOnceATurnInTheOrderOfAsking) {
  auto loop = Loop::create(&still_clock).value();
  std::vector<int> story;
  Insatiable one(*loop, story, 1), two(*loop, story, 2);
  loop->resume_soon(one);
  loop->resume_soon(two);
  Turns turns(*loop, story, 3);
  loop->run(turns);
  EXPECT_EQ(story, (std::vector<int>{1, 2, 0, 1, 2, 0, 1, 2, 0}));
}

TEST(Loop, HoweverManyHaveMoreToDoATurnEndsAndAllComeToTheirTurn) {
  constexpr int kCount = 100;
  auto loop = Loop::create(&still_clock).value();
  std::vector<int> story;
  std::vector<std::unique_ptr<Insatiable>> handlers;
  for (int i = 1; i <= kCount; ++i) {
    handlers.push_back(std::make_unique<Insatiable>(*loop, story, i));
    loop->resume_soon(*handlers.back());
  }
  Turns turns(*loop, story, 4);
  loop->run(turns);
  EXPECT_LT(std::find(story.begin(), story.end(), 0) - story.begin(), kCount);
  std::erase(story, 0);
  for (int i = 0; i < 2 * kCount; ++i) ASSERT_EQ(story[i], i % kCount + 1) << i;
}

// Takes longer than those may who are resumed in one turn.
class Slow final : public EventHandler {
 public:
  Slow(Loop& loop, std::vector<int>& story, int number)
      : loop_(loop), story_(story), number_(number) {}
  void on_ready(Ready) override {}
  void on_resumed() override {
    story_.push_back(number_);
    time_passed += TurnSlice::kTime;
    loop_.resume_soon(*this);
  }

 private:
  Loop& loop_;
  std::vector<int>& story_;
  int number_;
};

TEST(Loop, HoweverLongOneTakesNewEventsAreLookedForBeforeTheNext) {
  auto loop = Loop::create(&still_clock).value();
  std::vector<int> story;
  Slow one(*loop, story, 1), two(*loop, story, 2), three(*loop, story, 3);
  for (Slow* const slow : {&one, &two, &three}) loop->resume_soon(*slow);
  Turns turns(*loop, story, 4);
  loop->run(turns);
  EXPECT_EQ(story, (std::vector<int>{1, 0, 2, 0, 3, 0, 1, 0}));
}

// Asks at each of its events whether it is late, and takes long.
class Asking final : public EventHandler {
 public:
  Asking(Loop& loop, std::vector<int>& story, int number)
      : loop_(loop), story_(story), number_(number), readable_(::eventfd(1, EFD_NONBLOCK)) {
    EXPECT_TRUE(loop.add(readable_.get(), *this));
  }
  void on_ready(Ready) override {
    story_.push_back(loop_.is_late() ? -number_ : number_);
    time_passed += TurnSlice::kTime;
    loop_.resume_soon(*this);
  }
  void on_resumed() override {
    constexpr int kResumed = 10;
    story_.push_back(kResumed * (loop_.is_late() ? -number_ : number_));
  }

 private:
  Loop& loop_;
  std::vector<int>& story_;
  int number_;
  Fd readable_;
};

TEST(Loop, ItIsLateForEventsBehindThoseThatTookASliceAndForNobodyWhoIsResumed) {
  auto loop = Loop::create(&still_clock).value();
  std::vector<int> story;
  Asking one(*loop, story, 1), two(*loop, story, 2);
  EXPECT_FALSE(loop->is_late());
  Turns turns(*loop, story, 2);
  loop->run(turns);
  EXPECT_EQ(story, (std::vector<int>{1, -2, 10, 20, 0, 0}));
  time_passed += TurnSlice::kTime;
  EXPECT_FALSE(loop->is_late());
}

TEST(Loop, WhoeverIsGoneIsNotResumed) {
  auto loop = Loop::create(&still_clock).value();
  std::vector<int> story;
  auto gone = std::make_unique<Insatiable>(*loop, story, 1);
  Insatiable closed(*loop, story, 2);
  loop->resume_soon(*gone);
  loop->resume_soon(closed);
  gone.reset();
  Loop::forget_turn(closed);
  Turns turns(*loop, story, 2);
  loop->run(turns);
  EXPECT_EQ(story, (std::vector<int>{0, 0}));
}

}  // namespace
}  // namespace proxy::net
