#include "proxy/session/held_input.h"

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

constexpr std::size_t kSlice = HeldInput::kSliceBytes;

TEST(HeldInput, IsUsedASliceAtATime) {
  HeldInput held;
  held.assign(std::string(kSlice, 'a') + "bc", false);
  EXPECT_EQ(held.slice().size(), kSlice);
  held.use(kSlice - 1, false);
  EXPECT_EQ(held.slice(), "abc");
  held.use(3, false);
  EXPECT_TRUE(held.empty());
  EXPECT_FALSE(held.is_new());
}

TEST(HeldInput, APartOfSomethingIsLookedAtAgainWithMore) {
  HeldInput held;
  held.assign(std::string(3 * kSlice, 'a'), false);
  held.use(0, true);
  EXPECT_TRUE(held.is_new());
  EXPECT_EQ(held.slice().size(), 2 * kSlice);
  held.use(0, true);
  EXPECT_TRUE(held.is_new());
  EXPECT_EQ(held.slice().size(), 3 * kSlice);
  held.use(0, true);
  EXPECT_FALSE(held.is_new());
  EXPECT_EQ(held.size(), 3 * kSlice);
}

TEST(HeldInput, WhatIsAPartAtItsEndWaitsForMore) {
  HeldInput held;
  held.assign("request part", false);
  held.use(8, true);
  EXPECT_FALSE(held.is_new());
  EXPECT_EQ(held.all(), "part");
  held.assign("part and rest", false);
  EXPECT_TRUE(held.is_new());
}

}  // namespace
}  // namespace proxy::session
