#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "kube/work_queue.h"

using kube::ObjectKey;
using namespace std::chrono_literals;

namespace {

// False: it took too long.
bool await_sleepers(const kube::WorkQueue& queue, std::size_t count) {
  const auto limit = std::chrono::steady_clock::now() + 30s;
  while (queue.sleeping_count() != count) {
    if (std::chrono::steady_clock::now() >= limit) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(WorkQueueThreads, ASleepingTakeWakesForANewKeyAnEarlierDelayAndStop) {
  const base::SystemClock clock;
  kube::WorkQueue queue(clock);
  std::mutex mutex;
  std::condition_variable_any changed;
  std::vector<ObjectKey> taken;
  std::jthread taker([&](const std::stop_token& stop) {
    while (auto key = queue.take(stop)) {
      queue.finish(*key);
      const std::lock_guard lock(mutex);
      taken.push_back(*key);
      changed.notify_all();
    }
  });
  const auto await_count = [&](std::size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 30s, [&] { return taken.size() == count; });
  };
  queue.add_after({"", "late"}, 1h);
  queue.add({"", "now"});
  ASSERT_TRUE(await_count(1));
  queue.add_after({"", "late"}, 1ms);
  ASSERT_TRUE(await_count(2));
  taker.request_stop();
  taker.join();
  EXPECT_EQ(taken, (std::vector<ObjectKey>{{"", "now"}, {"", "late"}}));
}

// One is woken for the first, and by whoever has taken one the next.
TEST(WorkQueueThreads, KeysThatAreReadyOneAfterTheOtherAreTakenWhileTheFirstAreHeld) {
  constexpr int kWorkers = 3;
  for (int round = 0; round < 20; ++round) {
    const base::SystemClock clock;
    kube::WorkQueue queue(clock);
    std::mutex mutex;
    std::condition_variable_any changed;
    int held = 0;
    std::vector<std::jthread> workers;
    for (int i = 0; i < kWorkers; ++i) {
      workers.emplace_back([&](const std::stop_token& stop) {
        while (const auto key = queue.take(stop)) {
          {
            std::unique_lock lock(mutex);
            ++held;
            changed.notify_all();
            changed.wait(lock, stop, [&] { return held == kWorkers; });
          }
          queue.finish(*key);
        }
      });
    }
    // Those that sleep know of no key, and the later ones wake nobody when they are added.
    ASSERT_TRUE(await_sleepers(queue, kWorkers));
    for (int i = 1; i <= kWorkers; ++i) queue.add_after({"", std::to_string(i)}, i * 1ms);
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, 30s, [&] { return held == kWorkers; })) << held;
  }
}

TEST(WorkQueueThreads, AKeyThatWasAddedWhileItWasHeldIsTakenByWhoeverSleeps) {
  const base::SystemClock clock;
  kube::WorkQueue queue(clock);
  queue.add({"", "a"});
  ASSERT_TRUE(queue.try_take());
  queue.add({"", "a"});
  std::mutex mutex;
  std::condition_variable_any changed;
  bool is_taken = false;
  const std::jthread taker([&](const std::stop_token& stop) {
    const auto key = queue.take(stop);
    if (!key) return;
    const std::lock_guard lock(mutex);
    is_taken = true;
    changed.notify_all();
  });
  ASSERT_TRUE(await_sleepers(queue, 1));
  queue.finish({"", "a"});
  std::unique_lock lock(mutex);
  EXPECT_TRUE(changed.wait_for(lock, 30s, [&] { return is_taken; }));
}

TEST(WorkQueueThreads, ManyWorkersNeverHoldOneKeyTogetherAndLoseNoAdd) {
  const base::SystemClock clock;
  kube::WorkQueue queue(clock);
  constexpr int kKeys = 5;
  constexpr int kAdds = 2000;
  std::array<std::atomic<int>, kKeys> holders{};
  std::array<std::atomic<int>, kKeys> wanted{};
  std::array<std::atomic<int>, kKeys> seen{};
  std::atomic<bool> overlapped = false;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) {
      workers.emplace_back([&](const std::stop_token& stop) {
        while (auto key = queue.take(stop)) {
          const int index = std::stoi(key->name);
          if (holders[index].fetch_add(1) != 0) overlapped = true;
          seen[index] = wanted[index].load();
          holders[index].fetch_sub(1);
          queue.finish(*key);
        }
      });
    }
    for (int i = 1; i <= kAdds; ++i) {
      wanted[i % kKeys] = i;
      queue.add({"", std::to_string(i % kKeys)});
    }
    const auto all_seen = [&] {
      for (int i = 0; i < kKeys; ++i) {
        if (seen[i] != wanted[i]) return false;
      }
      return true;
    };
    const auto limit = std::chrono::steady_clock::now() + 30s;
    while (!all_seen() && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    EXPECT_TRUE(all_seen());
  }
  EXPECT_FALSE(overlapped);
}

}  // namespace
