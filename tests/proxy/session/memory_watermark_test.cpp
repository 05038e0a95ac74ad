#include "proxy/session/memory_watermark.h"

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

using Level = MemoryWatermark::Level;

TEST(MemoryWatermark, SendsNewRequestsAwayThenNewClientsAndTakesThemAgainLater) {
  MemoryWatermark watermark;
  struct {
    std::uint64_t used;
    Level level;
  } steps[] = {{0, Level::enough},   {899, Level::enough}, {900, Level::little},
               {949, Level::little}, {950, Level::none},   {901, Level::none},
               {900, Level::none},   {899, Level::little}, {850, Level::little},
               {849, Level::enough}, {899, Level::enough}, {2'000, Level::none},
               {0, Level::enough}};
  for (const auto& step : steps) {
    EXPECT_EQ(watermark.note({step.used, 1'000}), step.level) << step.used;
    EXPECT_EQ(watermark.level(), step.level);
  }
}

TEST(MemoryWatermark, WithoutALimitThereIsAlwaysEnough) {
  MemoryWatermark watermark;
  EXPECT_EQ(watermark.note({UINT64_MAX, 0}), Level::enough);
  EXPECT_EQ(watermark.note({UINT64_MAX, UINT64_MAX}), Level::none);
  EXPECT_EQ(watermark.note({5, 0}), Level::enough) << "it was taken away";
}

}  // namespace
}  // namespace proxy::session
