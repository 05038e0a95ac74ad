#include "proxy/session/read_ahead.h"

#include <vector>

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

TEST(ReadAhead, IsLittleForAClientThatTakesNothing) {
  EXPECT_EQ(ReadAhead::room(0, 0, 0), ReadAhead::kStreamBytes);
  EXPECT_EQ(ReadAhead::room(0, ReadAhead::kStreamBytes, ReadAhead::kStreamBytes), 0u);
}

TEST(ReadAhead, GoesWithTheWindow) {
  EXPECT_EQ(ReadAhead::room(65'535, 0, 0), 65'535 + ReadAhead::kStreamBytes);
  EXPECT_EQ(ReadAhead::room(65'535, 20'000, 20'000), 45'535 + ReadAhead::kStreamBytes);
}

TEST(ReadAhead, IsNotWorthAFewBytes) {
  EXPECT_EQ(ReadAhead::room(0, ReadAhead::kStreamBytes - 100, 0), 0u);
}

TEST(ReadAhead, OfAllStreamsIsBoundedHoweverWideTheirWindows) {
  std::vector<std::size_t> streams(128);
  std::size_t all = 0;
  for (bool reads = true; reads;) {
    reads = false;
    for (std::size_t& waiting : streams) {
      const std::size_t room =
          std::min<std::size_t>(ReadAhead::room(1u << 30, waiting, all), 64u << 10);
      waiting += room;
      all += room;
      reads = reads || room > 0;
    }
  }
  EXPECT_LE(all, ReadAhead::kConnectionBytes + (64u << 10) + 128 * ReadAhead::kStreamBytes);
  for (const std::size_t waiting : streams) {
    EXPECT_GE(waiting, ReadAhead::kStreamBytes - ReadAhead::kReadBytesMin);
  }
}

TEST(ReadAhead, AStreamWithNothingWaitingHasAlwaysRoom) {
  EXPECT_GT(ReadAhead::room(0, 0, 1u << 30), 0u);
}

}  // namespace
}  // namespace proxy::session
