#include "proxy/session/turn_share.h"

#include <chrono>

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

constexpr base::SteadyTime kTurn{std::chrono::milliseconds(1'000)};
constexpr base::SteadyTime kNextTurn{std::chrono::milliseconds(1'001)};

TEST(TurnShare, IsSpentPieceByPiece) {
  TurnShare share(100);
  EXPECT_EQ(share.left(kTurn), 100u);
  share.spend(kTurn, 60);
  EXPECT_EQ(share.left(kTurn), 40u);
  share.spend(kTurn, 30);
  EXPECT_EQ(share.left(kTurn), 10u);
}

TEST(TurnShare, IsGoneWhenMoreWasTakenThanWasLeft) {
  TurnShare share(100);
  share.spend(kTurn, 90);
  share.spend(kTurn, 90);
  EXPECT_EQ(share.left(kTurn), 0u);
}

TEST(TurnShare, IsWholeAgainInTheNextTurn) {
  TurnShare share(100);
  share.spend(kTurn, 100);
  EXPECT_EQ(share.left(kNextTurn), 100u);
  share.spend(kNextTurn, 10);
  EXPECT_EQ(share.left(kNextTurn), 90u);
}

}  // namespace
}  // namespace proxy::session
