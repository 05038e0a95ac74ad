#include "proxy/net/turn_budget.h"

#include <gtest/gtest.h>

namespace proxy::net {
namespace {

using Unit = TurnBudget::Unit;

template <class Spend>
std::size_t count_until_spent(Spend spend) {
  TurnBudget budget;
  std::size_t count = 0;
  for (; !budget.is_spent(); ++count) spend(budget);
  return count;
}

TEST(TurnBudget, LargeStepsCountByTheirBytesAndSmallOnesByTheirNumber) {
  EXPECT_EQ(count_until_spent([](TurnBudget& budget) { budget.spend(64u << 10); }), 2u);
  EXPECT_EQ(count_until_spent([](TurnBudget& budget) { budget.spend(1); }), 16u);
  EXPECT_EQ(count_until_spent([](TurnBudget& budget) { budget.spend(); }), 16u);
  EXPECT_EQ(count_until_spent([](TurnBudget& budget) { budget.spend(1u << 30); }), 1u);
}

TEST(TurnBudget, PiecesCountHoweverLittleIsInThem) {
  for (const Unit unit : {Unit::tls_record, Unit::http2_frame, Unit::chunk}) {
    EXPECT_EQ(count_until_spent([&](TurnBudget& budget) { budget.spend(unit, 1); }),
              TurnBudget::units_per_step(unit));
  }
}

TEST(TurnBudget, WhatIsMovedInsideTheKernelCountsAnEighthAndStillHasAnEnd) {
  EXPECT_EQ(count_until_spent([](TurnBudget& budget) { budget.spend_moved(128u << 10); }), 8u);
  EXPECT_EQ(count_until_spent([](TurnBudget& budget) { budget.spend_moved(1u << 20); }), 1u);
  EXPECT_EQ(count_until_spent([](TurnBudget& budget) { budget.spend_moved(1); }), 16u);
}

TEST(TurnBudget, NoPiecesCostNothing) {
  TurnBudget budget;
  for (int i = 0; i < 1'000; ++i) budget.spend(Unit::chunk, 0);
  EXPECT_FALSE(budget.is_spent());
}

// Pieces of the usual size must not make a turn shorter than their bytes do.
TEST(TurnBudget, FullPiecesCostLittleBesideTheirBytes) {
  EXPECT_LE(TurnBudget::bytes_of(Unit::tls_record), (16u << 10) / 8);
  EXPECT_LE(TurnBudget::bytes_of(Unit::http2_frame), (16u << 10) / 8);
  EXPECT_LE(TurnBudget::bytes_of(Unit::chunk), (4u << 10) / 8);
}

}  // namespace
}  // namespace proxy::net
