#include "proxy/control/snapshot_pace.h"

#include <gtest/gtest.h>

namespace proxy::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::SteadyTime kStart{std::chrono::hours(1)};

TEST(SnapshotPace, AChangeIsWrittenAtOnceAndTheNextAfterAWhile) {
  SnapshotPace pace({});
  EXPECT_FALSE(pace.due());
  pace.note_change(kStart);
  EXPECT_EQ(pace.due(), kStart);
  pace.note_written(kStart, milliseconds(1));
  EXPECT_FALSE(pace.has_changed());
  // However many there are.
  for (int i = 1; i <= 5; ++i) {
    pace.note_change(kStart + seconds(i));
    EXPECT_EQ(pace.due(), kStart + seconds(10));
    EXPECT_TRUE(pace.has_changed());
  }
  pace.note_written(kStart + seconds(10), milliseconds(1));
  pace.note_change(kStart + seconds(100));
  EXPECT_EQ(pace.due(), kStart + seconds(100));
}

TEST(SnapshotPace, WhatTakesLongIsWrittenSeldom) {
  SnapshotPace pace({});
  pace.note_change(kStart);
  pace.note_written(kStart, seconds(2));
  pace.note_change(kStart + seconds(1));
  EXPECT_EQ(pace.due(), kStart + seconds(40));
  pace.note_written(kStart, std::chrono::hours(1));  // and never later than not at all
  EXPECT_EQ(pace.due(), kStart + std::chrono::hours(20));
}

TEST(SnapshotPace, WhatDoesNotChangeIsWrittenAgain) {
  SnapshotPace pace({.again = seconds(900)});
  pace.note_change(kStart);
  pace.note_written(kStart, milliseconds(1));
  EXPECT_EQ(pace.due(), kStart + seconds(900));
}

TEST(SnapshotPace, AfterAFailureNothingIsTriedForAWhile) {
  SnapshotPace pace({});
  pace.note_change(kStart);
  pace.note_failed(kStart);
  EXPECT_TRUE(pace.has_changed());
  EXPECT_EQ(pace.due(), kStart + seconds(60));
  pace.note_change(kStart + seconds(1));
  EXPECT_EQ(pace.due(), kStart + seconds(60));
}

}  // namespace
}  // namespace proxy::control
