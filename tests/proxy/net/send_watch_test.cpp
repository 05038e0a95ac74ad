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

TEST(SendWatch, APeerThatTakesAByteNowAndThenNeverStalls) {
  SendWatch watch;
  watch.begin(at(0));
  for (int i = 1; i <= 20; ++i) {
    EXPECT_FALSE(watch.has_stalled(static_cast<std::uint64_t>(i), at(i * 900), kLimit)) << i;
  }
}

TEST(SendWatch, ThePeersLastByteCountsAndNotItsFirst) {
  SendWatch watch;
  watch.begin(at(0));
  EXPECT_FALSE(watch.has_stalled(10, at(500), kLimit));
  EXPECT_FALSE(watch.has_stalled(10, at(1400), kLimit));
  EXPECT_TRUE(watch.has_stalled(10, at(1500), kLimit));
  EXPECT_EQ(watch.moved_at(), at(500));
}

TEST(SendWatch, AnotherWaitBeginsAnew) {
  SendWatch watch;
  watch.begin(at(0));
  EXPECT_FALSE(watch.has_stalled(10, at(10), kLimit));
  watch.begin(at(5000));
  EXPECT_FALSE(watch.has_stalled(10, at(5999), kLimit));
  EXPECT_TRUE(watch.has_stalled(10, at(6000), kLimit));
}

}  // namespace
}  // namespace proxy::net
