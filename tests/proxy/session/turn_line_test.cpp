#include "proxy/session/turn_line.h"

#include <array>
#include <chrono>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

struct Line;

struct Item : net::QueuePlace<Line> {
  int turns_left = 1;
};

base::SteadyTime still_clock() {
  return base::SteadyTime(std::chrono::milliseconds(1'000));
}

// Each look is a slice later.
base::SteadyTime fast_clock() {
  static base::SteadyTime now{std::chrono::milliseconds(1'000)};
  return now += net::TurnSlice::kTime;
}

class Turns : public ::testing::Test {
 protected:
  Turns() {
    for (Item& item : items) line.add(item);
  }

  // Whom the turn served.
  std::vector<int> turn(int most, net::TurnSlice::Clock clock = &still_clock) {
    std::vector<int> served;
    has_more = line.serve_some(most, net::TurnSlice(clock), [&](Item& item) {
      served.push_back(static_cast<int>(&item - items.data()));
      return --item.turns_left > 0;
    });
    return served;
  }

  std::array<Item, 4> items;
  TurnLine<Item, Line> line;  // destroyed before those who wait in it
  bool has_more = false;
};

TEST_F(Turns, ServeEachOnceInTheOrderInWhichTheyCame) {
  items[1].turns_left = 2;
  line.add(items[0]);
  EXPECT_EQ(turn(10), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_TRUE(has_more);
  EXPECT_EQ(turn(10), std::vector<int>{1});
  EXPECT_FALSE(has_more);
  EXPECT_TRUE(line.empty());
}

TEST_F(Turns, ThatServeAllAreNotBehindAlsoWhenSomeHaveMore) {
  items[0].turns_left = 2;
  EXPECT_FALSE(line.is_behind());
  turn(10);
  EXPECT_TRUE(has_more);
  EXPECT_FALSE(line.is_behind());
}

TEST_F(Turns, ThatLeaveSomeAreBehindUntilThoseWereServed) {
  items[0].turns_left = 2;
  EXPECT_EQ(turn(2), (std::vector<int>{0, 1}));
  EXPECT_TRUE(line.is_behind());
  EXPECT_EQ(turn(2), (std::vector<int>{2, 3}));
  EXPECT_TRUE(line.is_behind());  // the first waits since then
  EXPECT_EQ(turn(2), std::vector<int>{0});
  EXPECT_FALSE(line.is_behind());
}

TEST_F(Turns, ThatTakeLongServeOneAtLeast) {
  EXPECT_EQ(turn(10, &fast_clock), std::vector<int>{0});
  EXPECT_TRUE(line.is_behind());
  EXPECT_EQ(turn(10), (std::vector<int>{1, 2, 3}));
  EXPECT_FALSE(line.is_behind());
}

TEST_F(Turns, AreNotBehindForThoseWhoLeft) {
  turn(2);
  line.leave(items[2]);
  EXPECT_TRUE(line.is_behind());
  line.leave(items[3]);
  EXPECT_FALSE(line.is_behind());
  line.add(items[0]);
  items[0].turns_left = 1;
  EXPECT_EQ(turn(10), std::vector<int>{0});
  EXPECT_FALSE(line.is_behind());
}

}  // namespace
}  // namespace proxy::session
