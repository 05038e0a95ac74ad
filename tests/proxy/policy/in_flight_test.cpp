#include "proxy/policy/in_flight.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

std::uint64_t client(std::uint64_t number) {
  return (number + 1) * 0x9e3779b97f4a7c15u;
}

TEST(InFlight, LetsAsManyInAsThereMayBeAndTheNextWhenOneHasLeft) {
  InFlight table(InFlight::kWays);
  InFlight::Place first = table.enter(client(1), 2);
  InFlight::Place second = table.enter(client(1), 2);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(table.enter(client(1), 2));
  EXPECT_TRUE(table.enter(client(2), 2));
  first.leave();
  EXPECT_FALSE(first);
  EXPECT_TRUE(table.enter(client(1), 2));
  first.leave();  // once is enough
  EXPECT_EQ(table.count(), 1u);
}

TEST(InFlight, APlaceIsLeftOnceHoweverItIsMoved) {
  InFlight table(InFlight::kWays);
  {
    InFlight::Place one = table.enter(client(1), 9);
    InFlight::Place two(std::move(one));
    InFlight::Place three = table.enter(client(1), 9);
    EXPECT_EQ(table.count(), 2u);
    three = std::move(two);
    EXPECT_EQ(table.count(), 1u);
  }
  EXPECT_EQ(table.count(), 0u);
}

TEST(InFlight, NoPlaceIsTakenFromSomebodyAndAllAreFreeAgain) {
  InFlight table(InFlight::kWays);
  for (int round = 0; round < 3; ++round) {
    std::vector<InFlight::Place> places;
    for (std::uint64_t i = 0; i < InFlight::kWays; ++i) {
      places.push_back(table.enter(client(100 * static_cast<std::uint64_t>(round) + i), 1));
      ASSERT_TRUE(places.back()) << i;
    }
    // It cannot be counted, so it is not let in.
    EXPECT_FALSE(table.enter(client(99), 1));
    EXPECT_FALSE(table.enter(client(100 * static_cast<std::uint64_t>(round)), 1));
  }
  EXPECT_EQ(table.count(), 0u);
}

TEST(InFlight, AHundredThousandClientsHaveAPlaceEach) {
  InFlight table;
  std::vector<InFlight::Place> places;
  places.reserve(100'000);
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    places.push_back(table.enter(client(i), 1));
    ASSERT_TRUE(places.back()) << i;
  }
  EXPECT_FALSE(table.enter(client(7), 1));
}

TEST(InFlight, OfNoneNoneIsLetIn) {
  InFlight table(InFlight::kWays);
  EXPECT_FALSE(table.enter(client(1), 0));
}

}  // namespace
}  // namespace proxy::policy
