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

TEST(TicketSecrets, WhatOneHourSealsTheHoursBesideItOpen) {
  const auto now = ticket_keys_at("secret", kNow);
  EXPECT_THAT(ticket_keys_at("secret", kNow + hours(1)), Contains(now.front()));
  EXPECT_THAT(ticket_keys_at("secret", kNow - hours(1)), Contains(now.front()));
  EXPECT_THAT(ticket_keys_at("secret", kNow + hours(2)), Not(Contains(now.front())));
}

TEST(TicketSecrets, KeysAndNamesDiffer) {
  std::set<std::string> names;
  std::set<std::string> seals;
  for (int hour = 0; hour < 50; ++hour) {
    const auto keys = ticket_keys_at("secret", kNow + hours(hour));
    ASSERT_THAT(keys, SizeIs(3));
    ASSERT_THAT(keys, Each(SizeIs(80)));
    names.insert(keys.front().substr(0, 16));
    seals.insert(keys.front().substr(16));
  }
  EXPECT_THAT(names, SizeIs(50));
  EXPECT_THAT(seals, SizeIs(50));
}

}  // namespace
}  // namespace control
