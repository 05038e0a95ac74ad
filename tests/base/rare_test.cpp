#include "base/rare.h"

#include <array>
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
}

}  // namespace
}  // namespace base
