#include "operator/program/spare_memory.h"

#include <gtest/gtest.h>

namespace {

using program::ReleasePace;

constexpr std::size_t kMuch = 4 * ReleasePace::kGrowthMin;

TEST(ReleasePace, IsDueWhenTheProcessHasGrownSinceTheLastTime) {
  ReleasePace pace;
  EXPECT_TRUE(pace.is_due(kMuch));
  pace.note_released(kMuch - 1);
  EXPECT_FALSE(pace.is_due(kMuch));
  EXPECT_TRUE(pace.is_due(kMuch + ReleasePace::kGrowthMin));
}

TEST(ReleasePace, CountsFromTheLeastThatThereWas) {
  ReleasePace pace;
  pace.note_released(kMuch);
  pace.note(kMuch / 2);
  pace.note(kMuch);
  EXPECT_TRUE(pace.is_due(kMuch));
}

}  // namespace
