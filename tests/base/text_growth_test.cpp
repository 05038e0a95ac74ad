#include "base/text_growth.h"

#include <string>

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(TextGrowth, MakesAsMuchRoomAsWasAskedForAndNoMore) {
  const std::string before(70'000, 'x');
  std::string text = before;
  grow_to(text, 85'000);
  EXPECT_EQ(text, before);
  EXPECT_GE(text.capacity(), 85'000u);
  EXPECT_LT(text.capacity(), 2 * before.size());
}

}  // namespace
}  // namespace base
