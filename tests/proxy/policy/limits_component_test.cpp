// The tables of limits, asked by several threads at a time.
#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/policy/in_flight.h"
#include "proxy/policy/rate_buckets.h"

namespace proxy::policy {
namespace {

constexpr int kThreads = 4;

template <class Work>
void at_once(Work work) {
  std::latch begin(kThreads);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&begin, &work] {
      begin.arrive_and_wait();
      work();
    });
  }
}

TEST(LimitTables, ARateHoldsForAllThreadsTogether) {
  constexpr std::uint64_t kNow = 1'000'000'000'000;
  constexpr RateBuckets::Rate kRate{1'000'000, 999 * 1'000'000ull};  // 1000 at once
  RateBuckets buckets;
  const RateBuckets::Key key(0x123456789abcdef0, kRate.slack);
  ASSERT_EQ(buckets.take(key, kRate, kNow), 0u);
  std::atomic<int> admitted{1};
  at_once([&] {
    for (int i = 0; i < 1000; ++i) admitted += buckets.take(key, kRate, kNow) == 0 ? 1 : 0;
  });
  EXPECT_EQ(admitted, 1000);
}

TEST(LimitTables, PlacesThatAreFoughtForAreTakenByEachOnce) {
  constexpr RateBuckets::Rate kRate{1, 0};
  RateBuckets buckets(RateBuckets::kWays);
  std::atomic<std::uint64_t> next{1};
  at_once([&] {
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t number = next.fetch_add(1);
      (void)buckets.take({number << 8, 1}, kRate, 1000 + number);
    }
  });
  EXPECT_LE(buckets.in_use(0), RateBuckets::kWays);
}

TEST(LimitTables, NoMoreAreInFlightThanMayBeWhoeverComesAndGoes) {
  constexpr std::uint64_t kMax = 3;
  InFlight table(InFlight::kWays);
  const InFlight::Place stays = table.enter(1u << 20, kMax);  // so that all find one place
  std::atomic<std::uint64_t> inside{1}, most{1};
  at_once([&] {
    for (int i = 0; i < 5000; ++i) {
      InFlight::Place place = table.enter(1u << 20, kMax);
      if (!place) continue;
      const std::uint64_t now = ++inside;
      std::uint64_t seen = most.load();
      while (seen < now && !most.compare_exchange_weak(seen, now)) {
      }
      --inside;
      place.leave();
    }
  });
  EXPECT_LE(most, kMax);
  EXPECT_EQ(table.count(), 1u);
}

}  // namespace
}  // namespace proxy::policy
