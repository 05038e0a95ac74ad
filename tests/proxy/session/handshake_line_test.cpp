#include "proxy/session/handshake_line.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

struct Step;
struct Item : net::QueuePlace<Step> {};

class Handshakes : public ::testing::Test {
 protected:
  void begin(std::size_t item) { line.add(items[item], false); }
  void answer(std::size_t item) { line.add(items[item], true); }
  // All that wait, in the order in which their steps come.
  std::vector<int> order() {
    std::vector<int> all;
    while (Item* const item = line.take()) all.push_back(static_cast<int>(item - items.data()));
    return all;
  }

  std::array<Item, 6> items;
  HandshakeLine<Item, Step> line;  // destroyed before those who wait in it
};

TEST_F(Handshakes, OfOneKindKeepTheirOrder) {
  for (const std::size_t item : {2u, 0u, 1u}) begin(item);
  EXPECT_EQ(order(), (std::vector<int>{2, 0, 1}));
  for (const std::size_t item : {1u, 2u, 0u}) answer(item);
  EXPECT_EQ(order(), (std::vector<int>{1, 2, 0}));
}

TEST_F(Handshakes, ThatWereAnsweredDoNotWaitBehindThoseThatBegin) {
  for (const std::size_t item : {0u, 1u, 2u, 3u}) begin(item);
  answer(4);
  EXPECT_EQ(order(), (std::vector<int>{4, 0, 1, 2, 3}));
}

TEST_F(Handshakes, ThatWereAnsweredHoldNobodyUpWhoBegins) {
  begin(0);
  for (const std::size_t item : {1u, 2u, 3u}) answer(item);
  begin(4);
  EXPECT_EQ(order(), (std::vector<int>{1, 0, 2, 4, 3}));
}

// One that says the rest in small pieces waits again after each.
TEST_F(Handshakes, ThatWaitAgainAndAgainTakeEverySecondStepAtMost) {
  answer(0);
  for (const std::size_t item : {1u, 2u, 3u}) begin(item);
  std::vector<int> seen;
  for (int step = 0; step < 6; ++step) {
    Item* const item = line.take();
    ASSERT_NE(item, nullptr);
    seen.push_back(static_cast<int>(item - items.data()));
    if (item == items.data()) answer(0);
  }
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 0, 2, 0, 3}));
}

TEST_F(Handshakes, AreCountedUntilTheirStepOrUntilTheyLeave) {
  begin(0);
  answer(1);
  begin(2);
  EXPECT_EQ(line.size(), 3u);
  EXPECT_TRUE(line.is_waiting(items[1]));
  line.leave(items[1]);
  line.leave(items[1]);
  line.leave(items[5]);
  EXPECT_EQ(line.size(), 2u);
  EXPECT_FALSE(line.is_waiting(items[1]));
  EXPECT_EQ(order(), (std::vector<int>{0, 2}));
  EXPECT_TRUE(line.empty());
  EXPECT_EQ(line.take(), nullptr);
}

}  // namespace
}  // namespace proxy::session
