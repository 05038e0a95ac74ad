#include "proxy/net/queue.h"

#include <memory>

#include <gtest/gtest.h>

namespace proxy::net {
namespace {

struct Waiting;
struct Other;

struct Item : QueuePlace<Waiting>, QueuePlace<Other> {};

using WaitingQueue = Queue<Item, Waiting>;

TEST(Queue, GivesBackInTheOrderOfComing) {
  WaitingQueue queue;
  Item one, two;
  queue.push_back(one);
  queue.push_back(two);
  EXPECT_EQ(queue.take_front(), &one);
  EXPECT_FALSE(WaitingQueue::is_waiting(one));
  EXPECT_EQ(queue.take_front(), &two);
  EXPECT_EQ(queue.take_front(), nullptr);
  EXPECT_TRUE(queue.empty());
}

TEST(Queue, WhoeverLeavesOrIsDestroyedIsNotThereAnyMore) {
  WaitingQueue queue;
  Item first, left, last;
  auto gone = std::make_unique<Item>();
  queue.push_back(first);
  queue.push_back(*gone);
  queue.push_back(left);
  queue.push_back(last);
  gone.reset();
  WaitingQueue::leave(left);
  WaitingQueue::leave(left);  // leaving twice is leaving once
  EXPECT_EQ(queue.take_front(), &first);
  EXPECT_EQ(queue.take_front(), &last);
  EXPECT_TRUE(queue.empty());
}

TEST(Queue, OneThingMayWaitInQueuesOfDifferentKinds) {
  WaitingQueue waiting;
  Queue<Item, Other> other;
  Item item;
  waiting.push_back(item);
  other.push_back(item);
  WaitingQueue::leave(item);
  EXPECT_TRUE(waiting.empty());
  EXPECT_EQ(other.front(), &item);
}

TEST(Queue, TakesOverAllOfAnotherBeforeItsOwn) {
  WaitingQueue from, to;
  Item one, two, three;
  to.take_all(from);
  EXPECT_TRUE(to.empty());
  from.push_back(one);
  from.push_back(two);
  to.push_back(three);
  to.take_all(from);
  EXPECT_TRUE(from.empty());
  EXPECT_EQ(to.take_front(), &one);
  EXPECT_EQ(to.take_front(), &two);
  EXPECT_EQ(to.take_front(), &three);
  EXPECT_TRUE(to.empty());
  to.take_all(from);
  EXPECT_TRUE(to.empty());
}

}  // namespace
}  // namespace proxy::net
