#include "proxy/upstream/place_hash.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::upstream {
namespace {

std::uint64_t place(int i) {
  return add_to_hash(kHashBasis, "10.0.0." + std::to_string(i) + ":8080");
}
std::uint64_t what(int i) {
  return add_to_hash(kHashBasis, "/item/" + std::to_string(i));
}
int pick(int request, int endpoints, int out = -1) {
  const auto picked = pick_by_hash(
      what(request), static_cast<std::size_t>(endpoints),
      [](std::size_t i) { return place(static_cast<int>(i)); },
      [&](std::size_t i) { return static_cast<int>(i) == out; });
  return picked ? static_cast<int>(*picked) : -1;
}

TEST(PlaceHash, IsTheSameInEveryRelease) {
  EXPECT_EQ(add_to_hash(kHashBasis, ""), 0xcbf29ce484222325u);
  EXPECT_EQ(add_to_hash(kHashBasis, "foobar"), 0x85944171f73967e8u);  // of the FNV specification
  std::string picked;
  for (int i = 0; i < 16; ++i) picked += std::to_string(pick(i, 5));
  EXPECT_EQ(picked, "4421324014333134");
}

TEST(PlaceHash, SpreadsEvenly) {
  constexpr int kRequests = 10'000;
  constexpr int kEndpoints = 10;
  std::vector<int> counts(kEndpoints);
  for (int i = 0; i < kRequests; ++i) ++counts[static_cast<std::size_t>(pick(i, kEndpoints))];
  for (const int count : counts) {
    EXPECT_GT(count, 850);
    EXPECT_LT(count, 1150);
  }
}

TEST(PlaceHash, OneThatComesTakesItsShareAndMovesNothingElse) {
  int moved = 0;
  for (int i = 0; i < 10'000; ++i) {
    const int before = pick(i, 9);
    const int after = pick(i, 10);
    if (before == after) continue;
    EXPECT_EQ(after, 9);
    ++moved;
  }
  EXPECT_GT(moved, 850);
  EXPECT_LT(moved, 1150);
}

TEST(PlaceHash, OneThatGoesMovesOnlyWhatItHad) {
  std::vector<int> taken(10);
  for (int i = 0; i < 10'000; ++i) {
    const int before = pick(i, 10);
    const int after = pick(i, 10, 3);
    if (before == 3) {
      ASSERT_NE(after, 3);
      ++taken[static_cast<std::size_t>(after)];
    } else {
      EXPECT_EQ(before, after);
    }
  }
  for (std::size_t i = 0; i < taken.size(); ++i) EXPECT_EQ(taken[i] > 50, i != 3);
  EXPECT_EQ(pick(0, 1, 0), -1);
  EXPECT_EQ(pick(0, 0), -1);
}

}  // namespace
}  // namespace proxy::upstream
