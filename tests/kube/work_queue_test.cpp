#include "kube/work_queue.h"

#include <gtest/gtest.h>

#include "tests/fakes/clock.h"

using kube::ObjectKey;
using kube::QueueRules;
using namespace std::chrono_literals;

namespace {

const ObjectKey kOne{"shop", "one"};
const ObjectKey kTwo{"shop", "two"};
const base::SteadyTime kNow{100s};

TEST(QueueRules, KeysComeOutInTheOrderTheyWentIn) {
  QueueRules rules;
  rules.add(kTwo);
  rules.add(kOne);
  EXPECT_EQ(rules.take(kNow), kTwo);
  EXPECT_EQ(rules.take(kNow), kOne);
  EXPECT_EQ(rules.take(kNow), std::nullopt);
}

TEST(QueueRules, AKeyWaitsAtMostOnce) {
  QueueRules rules;
  rules.add(kOne);
  rules.add(kOne);
  EXPECT_EQ(rules.ready_count(), 1u);
  EXPECT_EQ(rules.take(kNow), kOne);
  EXPECT_EQ(rules.take(kNow), std::nullopt);
}

TEST(QueueRules, AKeyBeingWorkedOnIsNeverHandedOutTwice) {
  QueueRules rules;
  rules.add(kOne);
  ASSERT_EQ(rules.take(kNow), kOne);
  rules.add(kOne);
  rules.add_at(kOne, kNow);
  EXPECT_EQ(rules.take(kNow), std::nullopt);
}

TEST(QueueRules, AKeyAddedWhileWorkedOnComesAgainOnceAfterFinish) {
  QueueRules rules;
  rules.add(kOne);
  ASSERT_EQ(rules.take(kNow), kOne);
  rules.add(kOne);
  rules.add(kOne);
  rules.finish(kOne);
  EXPECT_EQ(rules.take(kNow), kOne);
  rules.finish(kOne);
  EXPECT_EQ(rules.take(kNow), std::nullopt);
}

TEST(QueueRules, OtherKeysAreHandedOutWhileOneIsWorkedOn) {
  QueueRules rules;
  rules.add(kOne);
  ASSERT_EQ(rules.take(kNow), kOne);
  rules.add(kTwo);
  EXPECT_EQ(rules.take(kNow), kTwo);
}

TEST(QueueRules, ADelayedKeyWaitsForItsTime) {
  QueueRules rules;
  rules.add_at(kOne, kNow + 5s);
  EXPECT_EQ(rules.next_ready_at(), kNow + 5s);
  EXPECT_EQ(rules.take(kNow + 4999ms), std::nullopt);
  EXPECT_EQ(rules.take(kNow + 5s), kOne);
  EXPECT_EQ(rules.next_ready_at(), std::nullopt);
}

TEST(QueueRules, TheEarliestOfSeveralDelaysWins) {
  QueueRules rules;
  rules.add_at(kOne, kNow + 5s);
  rules.add_at(kOne, kNow + 2s);
  rules.add_at(kOne, kNow + 9s);
  EXPECT_EQ(rules.next_ready_at(), kNow + 2s);
  EXPECT_EQ(rules.take(kNow + 2s), kOne);
  rules.finish(kOne);
  EXPECT_EQ(rules.take(kNow + 20s), std::nullopt);
}

TEST(QueueRules, DelayedKeysAreReleasedInTheOrderOfTheirTimes) {
  QueueRules rules;
  rules.add_at(kOne, kNow + 3s);
  rules.add_at(kTwo, kNow + 1s);
  EXPECT_EQ(rules.next_ready_at(), kNow + 1s);
  EXPECT_EQ(rules.take(kNow + 4s), kTwo);
  EXPECT_EQ(rules.take(kNow + 4s), kOne);
}

TEST(QueueRules, ADelayKeepsAKeyThatAlsoCameAtOnce) {
  QueueRules rules;
  rules.add_at(kOne, kNow + 3s);
  rules.add(kOne);
  ASSERT_EQ(rules.take(kNow), kOne);
  rules.finish(kOne);
  EXPECT_EQ(rules.take(kNow + 3s), kOne);
}

TEST(WorkQueue, BackOffDoublesUpToItsLimitAndIsForgotten) {
  fakes::FakeClock clock;
  kube::WorkQueue queue(clock, {1s, 5s});
  EXPECT_EQ(queue.add_after_failure(kOne), 1s);
  EXPECT_EQ(queue.add_after_failure(kOne), 2s);
  EXPECT_EQ(queue.add_after_failure(kOne), 4s);
  EXPECT_EQ(queue.add_after_failure(kOne), 5s);
  EXPECT_EQ(queue.add_after_failure(kTwo), 1s);
  queue.forget_failures(kOne);
  EXPECT_EQ(queue.add_after_failure(kOne), 1s);
}

TEST(WorkQueue, TakesADelayedKeyWhenItsClockSaysSo) {
  fakes::FakeClock clock;
  kube::WorkQueue queue(clock);
  queue.add_after(kOne, 10s);
  EXPECT_EQ(queue.try_take(), std::nullopt);
  clock.advance(10s);
  EXPECT_EQ(queue.try_take(), kOne);
}

TEST(WorkQueue, GivesNothingOnceStopWasRequested) {
  fakes::FakeClock clock;
  kube::WorkQueue queue(clock);
  queue.add(kOne);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(queue.take(stop.get_token()), std::nullopt);
  EXPECT_EQ(queue.ready_count(), 1u);
}

}  // namespace
