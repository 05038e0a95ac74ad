#include "base/sorted_blocks.h"

#include <compare>
#include <cstddef>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using testing::ElementsAre;
using testing::IsEmpty;

namespace {

// Found by its number, among others of one kind.
struct Thing {
  int kind = 0;
  int number = 0;
  auto operator<=>(const Thing&) const = default;
};
struct Kind {
  int kind = 0;
};
struct ByKindAndNumber {
  bool operator()(const Thing& one, const Thing& other) const { return one < other; }
  bool operator()(const Thing& one, const Kind& kind) const { return one.kind < kind.kind; }
  bool operator()(const Kind& kind, const Thing& one) const { return kind.kind < one.kind; }
};

using Things = base::SortedBlocks<Thing, ByKindAndNumber>;

std::vector<Thing> all_of(const Things& things) {
  std::vector<Thing> all;
  things.each([&all](const Thing& one) { all.push_back(one); });
  return all;
}

std::vector<int> numbers_of(const Things& things, int kind, std::size_t most = 1'000'000) {
  std::vector<int> numbers;
  things.each_of(Kind{kind}, [&](const Thing& one) {
    numbers.push_back(one.number);
    return numbers.size() < most;
  });
  return numbers;
}

TEST(SortedBlocks, SayWhatASetSaysWhateverComesAndGoes) {
  std::mt19937 random(7);
  Things things;
  std::set<Thing> wanted;
  for (int i = 0; i < 20'000; ++i) {
    // More come than go at first, and fewer later.
    const Thing one{static_cast<int>(random() % 7), static_cast<int>(random() % 600)};
    const bool comes = random() % 10 < (i < 10'000 ? 7u : 2u);
    if (comes) {
      ASSERT_EQ(things.insert(one), wanted.insert(one).second);
    } else {
      ASSERT_EQ(things.erase(one), wanted.erase(one) == 1);
    }
    ASSERT_EQ(things.size(), wanted.size());
    ASSERT_EQ(things.find(one) != nullptr, comes);
    if (i % 500 == 0) {
      ASSERT_EQ(all_of(things), std::vector<Thing>(wanted.begin(), wanted.end()));
    }
  }
  for (int kind = -1; kind < 8; ++kind) {
    std::vector<int> numbers;
    for (const Thing& one : wanted) {
      if (one.kind == kind) numbers.push_back(one.number);
    }
    EXPECT_EQ(numbers_of(things, kind), numbers);
  }
  for (const Thing& one : std::set<Thing>(wanted)) EXPECT_TRUE(things.erase(one));
  EXPECT_EQ(things.size(), 0u);
  EXPECT_EQ(things.room(), 0u);
}

TEST(SortedBlocks, FindByWhatIsKnownOfAValue) {
  Things things;
  EXPECT_EQ(things.first(), nullptr);
  EXPECT_EQ(things.find(Kind{1}), nullptr);
  EXPECT_THAT(numbers_of(things, 1), IsEmpty());
  EXPECT_FALSE(things.erase(Thing{1, 1}));
  for (const int number : {3, 1, 2}) things.insert({1, number});
  things.insert({2, 9});
  EXPECT_FALSE(things.insert({1, 2})) << "it is there";
  ASSERT_NE(things.first(), nullptr);
  EXPECT_EQ(*things.first(), (Thing{1, 1}));
  ASSERT_NE(things.find(Kind{1}), nullptr);
  EXPECT_EQ(things.find(Kind{1})->number, 1);
  EXPECT_THAT(numbers_of(things, 1), ElementsAre(1, 2, 3));
  EXPECT_THAT(numbers_of(things, 1, 2), ElementsAre(1, 2)) << "no more than is asked for";
  EXPECT_THAT(numbers_of(things, 2), ElementsAre(9));
  EXPECT_THAT(numbers_of(things, 3), IsEmpty());
}

TEST(SortedBlocks, HaveRoomForLittleMoreThanTheirValues) {
  for (const bool is_in_order : {true, false}) {
    std::mt19937 random(7);
    Things things;
    for (int i = 0; i < 10'000; ++i) {
      things.insert({0, is_in_order ? i : static_cast<int>(random() % 1'000'000'000)});
    }
    EXPECT_LT(things.room(), things.size() * 5 / 4);
    // Each hundredth is left.
    int i = 0;
    for (const Thing& one : all_of(things)) {
      if (i++ % 100 != 0) things.erase(one);
    }
    EXPECT_LT(things.room(), 1'000u) << "for " << things.size();
  }
}

TEST(SortedBlocks, HoldWhatCanOnlyBeMoved) {
  struct ByPlace {
    bool operator()(const std::unique_ptr<int>& one, const std::unique_ptr<int>& other) const {
      return *one < *other;
    }
    bool operator()(const std::unique_ptr<int>& one, int other) const { return *one < other; }
    bool operator()(int one, const std::unique_ptr<int>& other) const { return one < *other; }
  };
  base::SortedBlocks<std::unique_ptr<int>, ByPlace> numbers;
  for (int i = 0; i < 1'000; ++i) numbers.insert(std::make_unique<int>(i * 7 % 1'000));
  for (int i = 0; i < 1'000; i += 2) EXPECT_TRUE(numbers.erase(i));
  EXPECT_EQ(numbers.size(), 500u);
  EXPECT_EQ(numbers.find(500), nullptr);
  ASSERT_NE(numbers.find(501), nullptr);
  EXPECT_EQ(**numbers.find(501), 501);
}

}  // namespace
