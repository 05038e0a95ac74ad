#include "base/rare.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Rare, TakesTheRoomOfAPointerWhereThereIsNone) {
  EXPECT_EQ(sizeof(Rare<std::array<char, 1000>>), sizeof(void*));
}

TEST(Rare, IsAnOptionalValue) {
  Rare<std::string> one;
  EXPECT_FALSE(one);
  one = std::string("a");
  ASSERT_TRUE(one);
  Rare<std::string> copy = one;
  *copy += "b";
  EXPECT_EQ(*one, "a");
  EXPECT_EQ(*copy, "ab");
  EXPECT_EQ(copy->size(), 2U);
  one = copy;
  EXPECT_EQ(*one, "ab");
  one.reset();
  EXPECT_FALSE(one.has_value());
  EXPECT_EQ(one.emplace("c"), "c");
  one = std::nullopt;
  EXPECT_FALSE(one);
  const Rare<std::string> moved = std::move(copy);
  EXPECT_EQ(*moved, "ab");
  EXPECT_EQ(moved.value(), "ab");
  EXPECT_THROW((void)Rare<std::string>().value(), std::bad_optional_access);
}

TEST(Rare, IsMadeOfWhatIsOptionalAndOfBraces) {
  struct Pair {
    int first = 1;
    int second = 2;
    bool operator==(const Pair&) const = default;
  };
  Rare<Pair> one = std::optional<Pair>(Pair{3, 4});
  EXPECT_EQ(one->first, 3);
  one = std::optional<Pair>();
  EXPECT_FALSE(one);
  one = {5, 6};
  EXPECT_EQ(one, (Pair{5, 6}));
  one = {};
  EXPECT_FALSE(one);
}

TEST(Rare, EqualIsWhatSaysTheSameOrIsNotThere) {
  const Rare<std::string> none;
  const Rare<std::string> one(std::string("a"));
  EXPECT_EQ(none, Rare<std::string>());
  EXPECT_EQ(one, Rare<std::string>(std::string("a")));
  EXPECT_FALSE(one == Rare<std::string>(std::string("b")));
  EXPECT_FALSE(one == none);
  EXPECT_EQ(none, std::nullopt);
}

TEST(Rare, IsEqualWhereItsValueIs) {
  using Text = Rare<std::string>;
  const Text a = std::string("a");
  const Text b = std::string("b");
  const Text empty = std::string();
  EXPECT_TRUE(Text() == Text());
  EXPECT_TRUE(a == Text(a));
  EXPECT_FALSE(a == b);
  EXPECT_FALSE(a == Text());
  EXPECT_FALSE(Text() == empty);
}

}  // namespace
}  // namespace base
