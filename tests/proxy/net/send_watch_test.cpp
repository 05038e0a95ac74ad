#include "proxy/net/send_watch.h"

#include <gtest/gtest.h>

namespace proxy::net {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLimit{1000};

base::SteadyTime at(int millis) {
  return base::SteadyTime(milliseconds(1'000'000 + millis));
}

TEST(SendWatch, APeerThatTakesNothingHasStalledAfterTheLimit) {
  SendWatch watch;
  watch.begin(at(0));
  EXPECT_FALSE(watch.has_stalled(0, at(0), kLimit));
  EXPECT_FALSE(watch.has_stalled(0, at(999), kLimit));
  EXPECT_TRUE(watch.has_stalled(0, at(1000), kLimit));
}

TEST(SendWatch, APeerThatTakesLittleButSteadilyNeverStalls) {
  SendWatch watch;
  watch.begin(at(0));
  for (int i = 1; i <= 100; ++i) {
    EXPECT_FALSE(watch.has_stalled(static_cast<std::uint64_t>(i) * 30, at(i * 250), kLimit)) << i;
  }
}

TEST(SendWatch, APeerThatTakesAByteNowAndThenHasStalled) {
  SendWatch watch;
  watch.begin(at(0));
  int looks = 1;
  while (!watch.has_stalled(static_cast<std::uint64_t>(looks), at(looks * 250), kLimit)) ++looks;
  EXPECT_EQ(looks, 4);
}

TEST(SendWatch, AnHoursLimitAsksForNoMoreThanAPageful) {
  SendWatch watch;
  watch.begin(at(0));
  constexpr milliseconds hour{3'600'000};
  EXPECT_FALSE(watch.has_stalled(16 << 10, at(3'599'999), hour));
  EXPECT_FALSE(watch.has_stalled(16 << 10, at(7'199'998), hour));
}

TEST(SendWatch, ThePeersLastByteCountsAndNotItsFirst) {
  SendWatch watch;
  watch.begin(at(0));
  EXPECT_FALSE(watch.has_stalled(1'000, at(500), kLimit));
  EXPECT_FALSE(watch.has_stalled(1'000, at(1400), kLimit));
  EXPECT_TRUE(watch.has_stalled(1'000, at(1500), kLimit));
  EXPECT_EQ(watch.moved_at(), at(500));
}

TEST(SendWatch, AnotherWaitBeginsAnew) {
  SendWatch watch;
  watch.begin(at(0));
  EXPECT_FALSE(watch.has_stalled(1'000, at(10), kLimit));
  watch.begin(at(5000));
  EXPECT_FALSE(watch.has_stalled(1'000, at(5999), kLimit));
  EXPECT_TRUE(watch.has_stalled(1'000, at(6000), kLimit));
}

}  // namespace
}  // namespace proxy::net
