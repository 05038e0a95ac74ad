#include "operator/control/review_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace control {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Optional;

const base::SteadyTime kStart{1000s};

std::vector<ReviewQueue::Ticket> take_all(ReviewQueue& queue, base::SteadyTime now) {
  std::vector<ReviewQueue::Ticket> taken;
  while (const auto ticket = queue.take(now)) taken.push_back(*ticket);
  return taken;
}

TEST(ReviewQueue, StrangersOfOneOriginDoNotHoldUpAnother) {
  ReviewQueue queue({});
  for (ReviewQueue::Ticket ticket = 1; ticket <= 3; ++ticket) queue.add(ticket, "flood", kStart);
  queue.add(4, "newcomer", kStart);
  EXPECT_THAT(take_all(queue, kStart), ElementsAre(1, 4, 2, 3));
}

TEST(ReviewQueue, WhereAProxyWasAdmittedLatelyGoesFirstAndAtAPaceOfItsOwn) {
  ReviewQueue queue({.burst = 1, .per_second = 10});
  queue.note_known("proxy", kStart);
  queue.add(1, "stranger", kStart);
  queue.add(2, "stranger", kStart);
  queue.add(3, "proxy", kStart);
  queue.add(4, "proxy", kStart);
  EXPECT_THAT(take_all(queue, kStart), ElementsAre(3, 1));
  EXPECT_EQ(queue.next_at(kStart), kStart + 100ms);
  EXPECT_THAT(take_all(queue, kStart + 100ms), ElementsAre(4, 2));
}

TEST(ReviewQueue, AProxyThatWasNotHeardOfForLongIsAStranger) {
  ReviewQueue queue({.known_for = 180s});
  queue.note_known("proxy", kStart);
  queue.add(1, "stranger", kStart + 180s);
  queue.add(2, "proxy", kStart + 180s);
  EXPECT_THAT(queue.take(kStart + 180s), Optional(1u));
}

TEST(ReviewQueue, StrangersGoAtAPaceAfterABurst) {
  ReviewQueue queue({.waiting_max = 100, .per_origin_max = 100, .burst = 5, .per_second = 10});
  for (ReviewQueue::Ticket ticket = 1; ticket <= 100; ++ticket) queue.add(ticket, "flood", kStart);
  EXPECT_EQ(take_all(queue, kStart).size(), 5u);
  EXPECT_EQ(queue.next_at(kStart), kStart + 100ms);
  EXPECT_EQ(take_all(queue, kStart + 99ms).size(), 0u);
  EXPECT_EQ(take_all(queue, kStart + 100ms).size(), 1u);
  EXPECT_EQ(take_all(queue, kStart + 1100ms).size(), 5u) << "what is saved up has a bound";
}

TEST(ReviewQueue, HasABoundForEachOriginAndForAll) {
  ReviewQueue queue({.waiting_max = 3, .per_origin_max = 2});
  EXPECT_TRUE(queue.add(1, "a", kStart));
  EXPECT_TRUE(queue.add(2, "a", kStart));
  EXPECT_FALSE(queue.add(3, "a", kStart));
  EXPECT_TRUE(queue.add(4, "b", kStart));
  EXPECT_FALSE(queue.add(5, "c", kStart));
  queue.note_known("proxy", kStart);
  EXPECT_TRUE(queue.add(6, "proxy", kStart)) << "strangers take no place of it";
}

TEST(ReviewQueue, WhoIsSettledOtherwiseIsNotTaken) {
  ReviewQueue queue({});
  for (ReviewQueue::Ticket ticket = 1; ticket <= 3; ++ticket) queue.add(ticket, "a", kStart);
  queue.drop(2);
  queue.drop(7);
  EXPECT_THAT(take_all(queue, kStart), ElementsAre(1, 3));
  EXPECT_EQ(queue.next_at(kStart), base::SteadyTime::max());
}

TEST(ReviewQueue, WhatItKnowsHasABound) {
  ReviewQueue queue({.known_max = 2, .known_for = 10s});
  queue.note_known("a", kStart);
  queue.note_known("b", kStart);
  queue.note_known("c", kStart);
  queue.add(1, "stranger", kStart);
  queue.add(2, "c", kStart);
  EXPECT_THAT(queue.take(kStart), Optional(1u)) << "there was no room to note c";
  queue.note_known("c", kStart + 10s);
  queue.add(3, "c", kStart + 10s);
  EXPECT_THAT(queue.take(kStart + 10s), Optional(3u));
}

}  // namespace
}  // namespace control
