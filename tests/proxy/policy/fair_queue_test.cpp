#include "proxy/policy/fair_queue.h"

#include <string>

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

config::IpAddress ip(const std::string& text) {
  return *config::IpAddress::parse(text);
}

// What comes out while each job ends as soon as it has begun.
std::string order_of(FairQueue<std::string>& queue) {
  std::string order;
  while (auto taken = queue.take()) {
    order += taken->job + " ";
    queue.finish(taken->key);
  }
  return order;
}

TEST(FairQueue, GivesEachAddressItsTurnHoweverMuchOneAsksFor) {
  FairQueue<std::string> queue({});
  for (const char* job : {"a1", "a2", "a3"}) ASSERT_TRUE(queue.push(ip("192.0.2.1"), job));
  ASSERT_TRUE(queue.push(ip("192.0.2.2"), "b1"));
  ASSERT_TRUE(queue.push(ip("192.0.2.3"), "c1"));
  ASSERT_TRUE(queue.push(ip("192.0.2.2"), "b2"));
  EXPECT_EQ(order_of(queue), "a1 b1 c1 a2 b2 a3 ");
  EXPECT_EQ(queue.waiting(), 0u);
  EXPECT_EQ(queue.known(), 0u);
}

TEST(FairQueue, HasNoMoreOfOneUnderWayThanItMay) {
  FairQueue<std::string> queue({.under_way_of_one_max = 2});
  for (const char* job : {"a1", "a2", "a3"}) ASSERT_TRUE(queue.push(ip("192.0.2.1"), job));
  const auto first = queue.take();
  EXPECT_EQ(queue.take()->job, "a2");
  EXPECT_FALSE(queue.take());
  ASSERT_TRUE(queue.push(ip("192.0.2.2"), "b1"));
  EXPECT_EQ(queue.take()->job, "b1");
  queue.finish(first->key);
  EXPECT_EQ(queue.take()->job, "a3");
}

TEST(FairQueue, HasRoomForSoManyAndForSoManyOfOne) {
  FairQueue<std::string> queue({.waiting_max = 4, .waiting_of_one_max = 3});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.push(ip("192.0.2.1"), "a"));
  EXPECT_FALSE(queue.push(ip("192.0.2.1"), "a"));
  EXPECT_TRUE(queue.push(ip("192.0.2.2"), "b"));
  EXPECT_FALSE(queue.push(ip("192.0.2.3"), "c"));
  const auto taken = queue.take();
  EXPECT_TRUE(queue.push(ip("192.0.2.3"), "c"));
}

TEST(FairQueue, TakesANetworkOfIPv6ForOneSubscriber) {
  FairQueue<std::string> queue({});
  ASSERT_TRUE(queue.push(ip("2001:db8::1"), "a1"));
  ASSERT_TRUE(queue.push(ip("2001:db8::ffff:2"), "a2"));
  ASSERT_TRUE(queue.push(ip("2001:db8:0:1::1"), "b1"));
  ASSERT_TRUE(queue.push(ip("::ffff:192.0.2.1"), "c1"));
  ASSERT_TRUE(queue.push(ip("192.0.2.1"), "c2"));
  EXPECT_EQ(order_of(queue), "a1 b1 c1 a2 c2 ");
}

}  // namespace
}  // namespace proxy::policy
