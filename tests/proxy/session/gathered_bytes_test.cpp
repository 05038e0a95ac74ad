#include "proxy/session/gathered_bytes.h"

#include <deque>
#include <string>

#include <gtest/gtest.h>

#include "proxy/admin/held_text.h"

namespace proxy::session {
namespace {

constexpr std::size_t kMiB = 1u << 20;
constexpr std::size_t kAll = 16 * kMiB;
constexpr std::size_t kSmall = 16u << 10;

class Gathered : public ::testing::Test {
 protected:
  // One more request of this client that holds so much; false: it may not, and lets go.
  bool hold(const std::string& client, std::size_t bytes) {
    GatheredBytes& request = requests.emplace_back(shares);
    request.begin(client);
    if (request.hold(bytes)) return true;
    requests.pop_back();
    return false;
  }
  // As many as it may; what they hold.
  std::size_t fill(const std::string& client, std::size_t bytes) {
    const std::size_t before = account.get();
    while (hold(client, bytes)) {
    }
    return account.get() - before;
  }

  admin::Counter account;
  GatheredShares shares{account, kAll};
  std::deque<GatheredBytes> requests;
};

TEST_F(Gathered, AClientWithManyLargeBodiesLeavesRoomForOthersAndForItsOwnSmallOnes) {
  EXPECT_GE(fill("192.0.2.1", kMiB), 11 * kMiB);
  EXPECT_TRUE(hold("192.0.2.2", kMiB));
  EXPECT_TRUE(hold("192.0.2.2", kSmall));
  EXPECT_TRUE(hold("192.0.2.1", kSmall));
  EXPECT_FALSE(hold("192.0.2.1", kMiB));
}

TEST_F(Gathered, AClientWithManySmallBodiesLeavesRoomForOthers) {
  EXPECT_GE(fill("192.0.2.1", kSmall), 13 * kMiB);
  EXPECT_TRUE(hold("192.0.2.2", kMiB));
  EXPECT_TRUE(hold("192.0.2.2", kSmall));
}

TEST_F(Gathered, HoweverManyClientsTakeWhatTheyMayTheNextSmallRequestFindsRoom) {
  for (int i = 0; i < 60; ++i) fill("192.0.2." + std::to_string(i), 64 << 10);
  EXPECT_TRUE(hold("198.51.100.1", kSmall));
}

TEST_F(Gathered, ARequestMayBeAsLargeAsAnInspectedBodyCanBeWhereNobodyElseIs) {
  EXPECT_TRUE(hold("192.0.2.1", 10 * kMiB + kSmall));
}

TEST_F(Gathered, AllTogetherHoldNoMoreThanThereIs) {
  for (int i = 0; i < 250; ++i) fill("192.0.2." + std::to_string(i), kSmall);
  EXPECT_LE(account.get(), kAll);
}

TEST_F(Gathered, WhatARequestLetsGoOfIsThereForTheNext) {
  for (int round = 0; round < 3; ++round) {
    EXPECT_GE(fill("192.0.2.1", kMiB), 11 * kMiB);
    requests.clear();
    EXPECT_EQ(account.get(), 0u);
  }
  GatheredBytes request(shares);
  request.begin("192.0.2.1");
  EXPECT_TRUE(request.hold(kMiB));
  EXPECT_TRUE(request.hold(2 * kMiB));
  request.begin("192.0.2.2");  // it is decided anew
  EXPECT_EQ(account.get(), 0u);
}

TEST_F(Gathered, AnIpv6ClientIsItsWholeNetwork) {
  fill("2001:db8:0:1::1", kMiB);
  EXPECT_FALSE(hold("2001:db8:0:1:ffff::2", kMiB));
  EXPECT_TRUE(hold("2001:db8:0:2::1", kMiB));
}

TEST_F(Gathered, WhereThereIsNoneNobodyHoldsAnything) {
  GatheredShares none(account, 0);
  GatheredBytes request(none);
  request.begin("192.0.2.1");
  EXPECT_FALSE(request.hold(1));
}

// Of 12 MiB that a client may have a body of 8 MiB gets its part, in whatever pieces it comes.
TEST(HeldTextTest, ALargeTextHoldsLittleMoreThanItsSize) {
  for (const std::size_t piece : {1000u, 15'900u, 16u << 10, 65'000u}) {
    admin::Counter gauge;
    admin::HeldText text(gauge);
    const std::string bytes(piece, 'b');
    while (text.size() < 8 * kMiB) text.append(bytes);
    EXPECT_LE(text.capacity(), text.size() + text.size() / 4) << piece;
    EXPECT_EQ(text.view().substr(text.size() - piece), bytes);
    EXPECT_EQ(gauge.get(), text.capacity());
  }
}

}  // namespace
}  // namespace proxy::session
