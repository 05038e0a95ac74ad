#include "operator/control/ticket_secrets.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace control {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::Contains;
using testing::Each;
using testing::Not;
using testing::SizeIs;

const base::WallTime kNow = base::WallTime() + hours(490'000) + minutes(20);

TEST(TicketSecrets, EveryReplicaWithTheSecretHasTheSameKeysWithinAnHour) {
  EXPECT_EQ(ticket_keys_at("secret", kNow), ticket_keys_at("secret", kNow + minutes(39)));
  EXPECT_NE(ticket_keys_at("secret", kNow), ticket_keys_at("other secret", kNow));
}

// Clients are told that a ticket is good for two hours, and a clock may be an hour behind.
TEST(TicketSecrets, WhatOneHourSealsOpensForTwoMoreAndInTheOneBefore) {
  const auto now = ticket_keys_at("secret", kNow);
  for (const int later : {-1, 0, 1, 2}) {
    EXPECT_THAT(ticket_keys_at("secret", kNow + hours(later)), Contains(now.front())) << later;
  }
  for (const int later : {-2, 3}) {
    EXPECT_THAT(ticket_keys_at("secret", kNow + hours(later)), Not(Contains(now.front()))) << later;
  }
}

TEST(TicketSecrets, KeysAndNamesDiffer) {
  std::set<std::string> names;
  std::set<std::string> seals;
  for (int hour = 0; hour < 50; ++hour) {
    const auto keys = ticket_keys_at("secret", kNow + hours(hour));
    ASSERT_THAT(keys, SizeIs(4));
    ASSERT_THAT(keys, Each(SizeIs(80)));
    names.insert(keys.front().substr(0, 16));
    seals.insert(keys.front().substr(16));
  }
  EXPECT_THAT(names, SizeIs(50));
  EXPECT_THAT(seals, SizeIs(50));
}

}  // namespace
}  // namespace control
