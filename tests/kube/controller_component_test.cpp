#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.h"
#include "kube/controller.h"
#include "tests/fakes/clock.h"

using kube::ObjectKey;
using kube::Outcome;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

const ObjectKey kKey{"shop", "www"};

// Ends each run as the test wrote down, and fails the test on a run that it did not expect.
class Scripted final : public kube::Reconciler {
 public:
  base::Result<Outcome> reconcile(const ObjectKey& key) override {
    keys.push_back(key);
    if (results.empty()) {
      ADD_FAILURE() << "unexpected reconcile of " << key.text();
      return Outcome::await_change();
    }
    auto result = std::move(results.front());
    results.pop_front();
    return result;
  }
  std::deque<base::Result<Outcome>> results;
  std::vector<ObjectKey> keys;
};

base::Result<Outcome> failing(base::ErrorKind kind,
                              std::optional<std::chrono::seconds> retry_after = {}) {
  base::Error error{kind, "it failed"};
  error.retry_after = retry_after;
  return base::failure(error);
}

// The settle rules, without threads: run_one() on the test's own.
class ControllerRules : public testing::Test {
 protected:
  // When the key comes again after one run that ended so; nothing when it does not within an hour.
  std::optional<std::chrono::milliseconds> delay_after(base::Result<Outcome> result) {
    reconciler_.results.push_back(std::move(result));
    EXPECT_TRUE(controller_.run_one());
    return delay_until_next();
  }
  std::optional<std::chrono::milliseconds> delay_until_next() {
    reconciler_.results.push_back(Outcome::await_change());
    for (std::chrono::milliseconds waited{0}; waited < 1h; waited += 500ms) {
      if (controller_.run_one()) return waited;
      clock_.advance(500ms);
    }
    reconciler_.results.pop_back();
    return std::nullopt;
  }

  fakes::FakeClock clock_;
  Scripted reconciler_;
  std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  kube::Controller controller_{reconciler_, clock_, {.name = "certificate", .registry = registry_}};
};

TEST_F(ControllerRules, SuccessWaitsForAChange) {
  controller_.enqueue(kKey);
  EXPECT_EQ(delay_after(Outcome::await_change()), std::nullopt);
  EXPECT_THAT(reconciler_.keys, testing::ElementsAre(kKey));
}

TEST_F(ControllerRules, RequeueComesAfterItsDelay) {
  controller_.enqueue(kKey);
  EXPECT_EQ(delay_after(Outcome::requeue(5s)), 5s);
}

TEST_F(ControllerRules, APermanentErrorIsNotRetried) {
  controller_.enqueue(kKey);
  EXPECT_EQ(delay_after(failing(base::ErrorKind::invalid)), std::nullopt);
}

TEST_F(ControllerRules, TheServersRetryAfterIsHonoured) {
  controller_.enqueue(kKey);
  EXPECT_EQ(delay_after(failing(base::ErrorKind::rate_limited, 90s)), 90s);
}

TEST_F(ControllerRules, WhatAHumanMustFixIsRetriedSlowly) {
  controller_.enqueue(kKey);
  EXPECT_EQ(delay_after(failing(base::ErrorKind::denied)), 60s);
}

TEST_F(ControllerRules, OtherFailuresBackOffAndSuccessForgetsThem) {
  controller_.enqueue(kKey);
  for (int i = 0; i < 3; ++i) {
    reconciler_.results.push_back(failing(base::ErrorKind::unavailable));
    ASSERT_TRUE(controller_.run_one());
    clock_.advance(std::chrono::milliseconds(500) * (1 << i));
  }
  EXPECT_EQ(delay_after(failing(base::ErrorKind::unavailable)), 4s);
  controller_.enqueue(kKey);
  EXPECT_EQ(delay_after(failing(base::ErrorKind::conflict)), 500ms);
}

TEST_F(ControllerRules, EveryOutcomeIsCountedFromZero) {
  EXPECT_THAT(base::to_prometheus_text(*registry_),
              HasSubstr("gatehouse_controller_reconciles_total{controller=\"certificate\","
                        "outcome=\"denied\"} 0"));
  controller_.enqueue(kKey);
  reconciler_.results.push_back(failing(base::ErrorKind::denied));
  controller_.run_one();
  EXPECT_THAT(base::to_prometheus_text(*registry_),
              HasSubstr("gatehouse_controller_reconciles_total{controller=\"certificate\","
                        "outcome=\"denied\"} 1"));
}

TEST_F(ControllerRules, AStoreThatIsFollowedEnqueuesWhatChanges) {
  struct Thing {
    kube::ObjectMeta metadata;
  };
  kube::Store<Thing> store;
  controller_.follow(store);
  Thing thing;
  thing.metadata.namespace_ = "shop";
  thing.metadata.name = "www";
  store.put(thing);
  reconciler_.results.push_back(Outcome::await_change());
  EXPECT_TRUE(controller_.run_one());
  store.erase(kKey);
  reconciler_.results.push_back(Outcome::await_change());
  EXPECT_TRUE(controller_.run_one());
  EXPECT_EQ(reconciler_.keys.size(), 2u);
}

// Calls a function; the test synchronizes.
class Calling final : public kube::Reconciler {
 public:
  explicit Calling(std::function<void(const ObjectKey&)> call) : call_(std::move(call)) {}
  base::Result<Outcome> reconcile(const ObjectKey& key) override {
    call_(key);
    return Outcome::await_change();
  }

 private:
  const std::function<void(const ObjectKey&)> call_;
};

TEST(ControllerThreads, NeverRunsOneKeyTwiceAtOnceAndSeesEveryChange) {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<ObjectKey, int> running;
  std::map<ObjectKey, int> wanted;
  std::map<ObjectKey, int> seen;
  bool overlapped = false;
  Calling reconciler([&](const ObjectKey& key) {
    {
      const std::lock_guard lock(mutex);
      if (++running[key] > 1) overlapped = true;
    }
    std::this_thread::yield();
    const std::lock_guard lock(mutex);
    seen[key] = wanted[key];
    --running[key];
    changed.notify_all();
  });
  const base::SystemClock clock;
  kube::Controller controller(reconciler, clock, {.name = "test", .workers = 4});
  controller.start();
  for (int i = 1; i <= 500; ++i) {
    const ObjectKey key{"", std::to_string(i % 3)};
    {
      const std::lock_guard lock(mutex);
      wanted[key] = i;
    }
    controller.enqueue(key);
  }
  std::unique_lock lock(mutex);
  EXPECT_TRUE(changed.wait_for(lock, 30s, [&] { return seen == wanted; }));
  EXPECT_FALSE(overlapped);
}

TEST(ControllerThreads, StopWaitsForTheRunUnderWayAndLeavesTheRest) {
  std::mutex mutex;
  std::condition_variable changed;
  int begun = 0;
  int ended = 0;
  bool may_end = false;
  Calling reconciler([&](const ObjectKey&) {
    std::unique_lock lock(mutex);
    ++begun;
    changed.notify_all();
    changed.wait(lock, [&] { return may_end; });
    ++ended;
  });
  const base::SystemClock clock;
  kube::Controller controller(reconciler, clock, {.name = "test", .workers = 1});
  controller.enqueue({"", "first"});
  controller.enqueue({"", "second"});
  controller.enqueue_after({"", "third"}, 1h);
  controller.start();
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, 30s, [&] { return begun == 1; }));
    controller.request_stop();
    may_end = true;
    changed.notify_all();
  }
  controller.stop();
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(ended, 1);
}

}  // namespace
