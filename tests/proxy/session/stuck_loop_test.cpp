#include <gtest/gtest.h>

#include "proxy/session/engine.h"

namespace proxy::session {
namespace {

TEST(FindStuckLoop, NamesTheOneThatHasNotTurnedForTenSeconds) {
  EXPECT_EQ(find_stuck_loop({100'000, 100'000}, 101'000), std::nullopt);
  EXPECT_EQ(find_stuck_loop({100'000, 100'000}, 110'000), std::nullopt);
  EXPECT_EQ(find_stuck_loop({109'000, 100'000}, 110'001), 1u);
}

TEST(FindStuckLoop, OneThatHasNotBegunYetIsNot) {
  EXPECT_EQ(find_stuck_loop({0, 100'000}, 101'000), std::nullopt);
}

}  // namespace
}  // namespace proxy::session
