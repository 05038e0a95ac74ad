#include "proxy/net/flow.h"

#include <gtest/gtest.h>

namespace proxy::net {
namespace {

constexpr std::uint64_t kMuch = 100u << 20;

TEST(Flow, NothingIsMovedBeforeMuchCameAtATime) {
  Flow flow;
  EXPECT_EQ(flow.movable(kMuch), 0u);
  flow.note_read(1'000);
  EXPECT_EQ(flow.movable(kMuch), 0u);
  flow.note_read(64u << 10);
  EXPECT_EQ(flow.movable(kMuch), net::Pipe::kBytes);
  EXPECT_EQ(flow.movable(Flow::kEndless), net::Pipe::kBytes);
}

TEST(Flow, TheEndOfABodyIsLeftToBeRead) {
  Flow flow;
  flow.note_read(64u << 10);
  for (const std::uint64_t left : {64u << 10, 65u << 10, 128u << 10, 131u << 10, 133u << 10}) {
    EXPECT_GT(flow.movable(left), 0u) << left;
    EXPECT_LT(flow.movable(left), left);
  }
  EXPECT_EQ(flow.movable((64u << 10) - 1), 0u);
  EXPECT_EQ(flow.movable(0), 0u);
}

TEST(Flow, AMoveOfLittleEndsItAndAMoveOfNothingSaysNothing) {
  Flow flow;
  flow.note_read(64u << 10);
  flow.note_moved(20u << 10);
  flow.note_moved(0);
  EXPECT_GT(flow.movable(kMuch), 0u);
  flow.note_moved(1'000);
  EXPECT_EQ(flow.movable(kMuch), 0u);
}

TEST(Flow, IsBulkWhileMuchComesAtATime) {
  Flow flow;
  EXPECT_FALSE(flow.is_bulk());
  flow.note_read(64u << 10);
  EXPECT_TRUE(flow.is_bulk());
  flow.note_read(1'000);
  EXPECT_FALSE(flow.is_bulk());
}

TEST(Flow, WithoutAPipeTheNextStepIsARead) {
  Flow flow;
  flow.note_read(64u << 10);
  flow.stop();
  EXPECT_EQ(flow.movable(kMuch), 0u);
}

}  // namespace
}  // namespace proxy::net
