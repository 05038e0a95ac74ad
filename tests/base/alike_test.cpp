#include "base/alike.h"

#include <string>

#include <gtest/gtest.h>

namespace base {
namespace {

struct Habit {
  std::string name{};
  int weight = 1;
  bool operator==(const Habit&) const = default;
};

TEST(Alike, WhatSaysTheSameIsHeldOnce) {
  const Alike<Habit> one(Habit{"a", 2});
  const Alike<Habit> other(Habit{"a", 2});
  EXPECT_EQ(&*one, &*other);
  EXPECT_EQ(one, other);
  const Alike<Habit> third(Habit{"a", 3});
  EXPECT_NE(&*one, &*third);
  EXPECT_FALSE(one == third);
}

TEST(Alike, HowManyThereAreEachSaysWhatItWasGiven) {
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 50; ++i) {
      const Alike<Habit> one(Habit{"b", i});
      EXPECT_EQ(one->weight, i);
    }
  }
}

TEST(Alike, WhatSaysNothingIsAsWhatWasNeverSet) {
  EXPECT_EQ(Alike<Habit>(Habit{}), Alike<Habit>());
  EXPECT_EQ(&*Alike<Habit>(Habit{}), &*Alike<Habit>());
  EXPECT_EQ(Alike<Habit>()->weight, 1);
}

TEST(Alike, AChangeIsNobodyElses) {
  Alike<Habit> one(Habit{"c", 1});
  const Alike<Habit> other = one;
  one.change().weight = 5;
  EXPECT_EQ(one->name, "c");
  EXPECT_EQ(one->weight, 5);
  EXPECT_EQ(other->weight, 1);
  EXPECT_EQ(Alike<Habit>(Habit{"c", 1})->weight, 1);
  one.change().weight = 1;
  EXPECT_EQ(one, other);
  one.settle();
  EXPECT_EQ(&*one, &*other);
  one.change() = Habit{};
  one.settle();
  EXPECT_EQ(one, Alike<Habit>());
}

}  // namespace
}  // namespace base
