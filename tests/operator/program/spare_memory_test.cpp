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

TEST(ReleasePace, IsDueForLessOnceTheProcessRests) {
  const std::size_t grown = kMuch + 2 * ReleasePace::kGrowthAtRest;
  ReleasePace pace;
  pace.note_released(kMuch);
  pace.note(grown);
  for (int i = 0; i < ReleasePace::kLooksAtRest; ++i) {
    EXPECT_FALSE(pace.is_due(grown)) << i;
    pace.note(grown);
  }
  EXPECT_TRUE(pace.is_due(grown));
  pace.note_released(grown);
  for (int i = 0; i < 10 * ReleasePace::kLooksAtRest; ++i) pace.note(grown);
  EXPECT_FALSE(pace.is_due(grown)) << "there was nothing to release";
}

TEST(ReleasePace, AProcessThatMovesDoesNotRest) {
  ReleasePace pace;
  pace.note_released(kMuch);
  std::size_t resident = kMuch + ReleasePace::kGrowthAtRest;
  for (int i = 0; i < 10 * ReleasePace::kLooksAtRest; ++i) {
    resident += i % 2 == 0 ? ReleasePace::kGrowthAtRest : 0;
    resident -= i % 2 == 0 ? 0 : ReleasePace::kGrowthAtRest;
    pace.note(resident);
    EXPECT_FALSE(pace.is_due(resident)) << i;
  }
}

TEST(ReleasePace, CountsFromTheLeastThatThereWas) {
  ReleasePace pace;
  pace.note_released(kMuch);
  pace.note(kMuch / 2);
  pace.note(kMuch);
  EXPECT_TRUE(pace.is_due(kMuch));
}

}  // namespace
