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

bool add(ReviewQueue& queue, ReviewQueue::Ticket ticket, const std::string& origin,
         base::SteadyTime now) {
  return queue.add(ticket, {origin, origin}, now).has_place;
}

TEST(ReviewQueue, StrangersOfOneOriginDoNotHoldUpAnother) {
  ReviewQueue queue({});
  for (ReviewQueue::Ticket ticket = 1; ticket <= 3; ++ticket) add(queue, ticket, "flood", kStart);
  add(queue, 4, "newcomer", kStart);
  EXPECT_THAT(take_all(queue, kStart), ElementsAre(1, 4, 2, 3));
}

TEST(ReviewQueue, WhereAProxyWasAdmittedLatelyGoesFirstAndAtAPaceOfItsOwn) {
  ReviewQueue queue({.burst = 1, .per_second = 10});
  queue.note_known("proxy", kStart);
  add(queue, 1, "stranger", kStart);
  add(queue, 2, "stranger", kStart);
  add(queue, 3, "proxy", kStart);
  add(queue, 4, "proxy", kStart);
  EXPECT_THAT(take_all(queue, kStart), ElementsAre(3, 1));
  EXPECT_EQ(queue.next_at(kStart), kStart + 100ms);
  EXPECT_THAT(take_all(queue, kStart + 100ms), ElementsAre(4, 2));
}

TEST(ReviewQueue, AProxyThatWasNotHeardOfForLongIsAStranger) {
  ReviewQueue queue({.known_for = 180s});
  queue.note_known("proxy", kStart);
  add(queue, 1, "stranger", kStart + 180s);
  add(queue, 2, "proxy", kStart + 180s);
  EXPECT_THAT(queue.take(kStart + 180s), Optional(1u));
}

TEST(ReviewQueue, StrangersGoAtAPaceAfterABurst) {
  ReviewQueue queue({.waiting_max = 100, .per_origin_max = 100, .burst = 5, .per_second = 10});
  for (ReviewQueue::Ticket ticket = 1; ticket <= 100; ++ticket) add(queue, ticket, "flood", kStart);
  EXPECT_EQ(take_all(queue, kStart).size(), 5u);
  EXPECT_EQ(queue.next_at(kStart), kStart + 100ms);
  EXPECT_EQ(take_all(queue, kStart + 99ms).size(), 0u);
  EXPECT_EQ(take_all(queue, kStart + 100ms).size(), 1u);
  EXPECT_EQ(take_all(queue, kStart + 1100ms).size(), 5u) << "what is saved up has a bound";
}

TEST(ReviewQueue, HasABoundForEachOriginAndForAll) {
  ReviewQueue queue({.waiting_max = 3, .per_origin_max = 2});
  EXPECT_TRUE(add(queue, 1, "a", kStart));
  EXPECT_TRUE(add(queue, 2, "a", kStart));
  EXPECT_FALSE(add(queue, 3, "a", kStart));
  EXPECT_TRUE(add(queue, 4, "b", kStart));
  EXPECT_FALSE(add(queue, 5, "b", kStart));
  queue.note_known("proxy", kStart);
  EXPECT_TRUE(add(queue, 6, "proxy", kStart)) << "strangers take no place of it";
}

TEST(ReviewQueue, WhoHasMostPlacesMakesRoomForANewcomer) {
  ReviewQueue queue({.waiting_max = 4, .per_origin_max = 3});
  for (ReviewQueue::Ticket ticket = 1; ticket <= 3; ++ticket) add(queue, ticket, "a", kStart);
  add(queue, 4, "b", kStart);
  const auto newcomer = queue.add(5, {"c", "c"}, kStart);
  EXPECT_TRUE(newcomer.has_place);
  EXPECT_THAT(newcomer.made_room, Optional(3u)) << "the newest of the one with most";
  EXPECT_FALSE(add(queue, 6, "b", kStart)) << "two would push out each other";
  EXPECT_THAT(queue.add(7, {"d", "d"}, kStart).made_room, Optional(2u));
  EXPECT_FALSE(add(queue, 8, "e", kStart)) << "nobody has more than one";
  EXPECT_THAT(take_all(queue, kStart), ElementsAre(1, 4, 5, 7));
}

TEST(ReviewQueue, AddressesOfOneOriginTakeTurnsAndMakeRoomForEachOther) {
  ReviewQueue queue({.waiting_max = 100, .per_origin_max = 3});
  queue.note_known("node", kStart);
  for (ReviewQueue::Ticket ticket = 1; ticket <= 3; ++ticket) {
    EXPECT_TRUE(queue.add(ticket, {"node", "flood"}, kStart).has_place);
  }
  EXPECT_THAT(queue.add(4, {"node", "proxy"}, kStart).made_room, Optional(3u));
  EXPECT_FALSE(queue.add(5, {"node", "flood"}, kStart).has_place);
  EXPECT_THAT(take_all(queue, kStart), ElementsAre(1, 4, 2));
}

TEST(ReviewQueue, AFullLineLetsAnAddressInThatSharesAnOriginWithAFlood) {
  ReviewQueue queue({.waiting_max = 3, .per_origin_max = 3});
  for (ReviewQueue::Ticket ticket = 1; ticket <= 3; ++ticket) {
    queue.add(ticket, {"node", "flood"}, kStart);
  }
  EXPECT_THAT(queue.add(4, {"node", "proxy"}, kStart).made_room, Optional(3u));
}

TEST(ReviewQueue, WhoIsSettledOtherwiseIsNotTaken) {
  ReviewQueue queue({});
  for (ReviewQueue::Ticket ticket = 1; ticket <= 3; ++ticket) add(queue, ticket, "a", kStart);
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
  add(queue, 1, "stranger", kStart);
  add(queue, 2, "c", kStart);
  EXPECT_THAT(queue.take(kStart), Optional(1u)) << "there was no room to note c";
  queue.note_known("c", kStart + 10s);
  add(queue, 3, "c", kStart + 10s);
  EXPECT_THAT(queue.take(kStart + 10s), Optional(3u));
}

}  // namespace
}  // namespace control
