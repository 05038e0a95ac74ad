#include "base/connection_roll.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace base {
namespace {

using Standing = ConnectionRoll::Standing;
using testing::Optional;

TEST(ConnectionRoll, AdmitsWithoutMoreWhileThereArePlaces) {
  ConnectionRoll roll({.connections_max = 3, .per_origin_max = 2});
  for (const char* origin : {"a", "a", "b"}) {
    const auto admission = roll.admit(roll.size() + 1, origin);
    EXPECT_TRUE(admission.is_admitted);
    EXPECT_FALSE(admission.leaves);
  }
  EXPECT_EQ(roll.size(), 3u);
}

TEST(ConnectionRoll, WhoFillsItsOwnOriginLosesItsOldestStranger) {
  ConnectionRoll roll({.connections_max = 100, .per_origin_max = 3});
  for (ConnectionRoll::Id id = 1; id <= 3; ++id) roll.admit(id, "a");
  roll.admit(4, "b");
  roll.set_standing(1, Standing::busy);
  const auto admission = roll.admit(5, "a");
  EXPECT_TRUE(admission.is_admitted);
  EXPECT_THAT(admission.leaves, Optional(2u)) << "1 is being served, and 4 is another's";
}

TEST(ConnectionRoll, TheOriginWithTheMostStrangersMakesRoomForOthers) {
  ConnectionRoll roll({.connections_max = 6, .per_origin_max = 5});
  roll.admit(1, "proxy");
  for (ConnectionRoll::Id id = 2; id <= 6; ++id) roll.admit(id, "flood");
  EXPECT_THAT(roll.admit(7, "newcomer").leaves, Optional(2u))
      << "the oldest of all is not the one that is too many";
}

TEST(ConnectionRoll, AKnownOneThatIsIdleLeavesWhenThereAreNoStrangers) {
  ConnectionRoll roll({.connections_max = 2, .per_origin_max = 2});
  roll.admit(1, "a");
  roll.admit(2, "b");
  roll.set_standing(1, Standing::busy);
  roll.set_standing(2, Standing::idle);
  EXPECT_THAT(roll.admit(3, "c").leaves, Optional(2u));
}

TEST(ConnectionRoll, NobodyLeavesInTheMiddleOfARequest) {
  ConnectionRoll roll({.connections_max = 2, .per_origin_max = 1});
  roll.admit(1, "a");
  roll.set_standing(1, Standing::busy);
  EXPECT_FALSE(roll.admit(2, "a").is_admitted) << "the origin is full";
  roll.admit(3, "b");
  roll.set_standing(3, Standing::busy);
  EXPECT_FALSE(roll.admit(4, "c").is_admitted) << "all places are taken";
  EXPECT_FALSE(roll.make_room());
  EXPECT_EQ(roll.size(), 2u);
  roll.leave(1);
  EXPECT_TRUE(roll.admit(5, "c").is_admitted);
}

TEST(ConnectionRoll, WhoWasRefusedIsAStrangerAgain) {
  ConnectionRoll roll({.connections_max = 2, .per_origin_max = 2});
  roll.admit(1, "a");
  roll.admit(2, "b");
  roll.set_standing(2, Standing::busy);
  roll.set_standing(2, Standing::stranger);
  roll.set_standing(1, Standing::idle);
  EXPECT_THAT(roll.make_room(), Optional(2u));
  EXPECT_THAT(roll.make_room(), Optional(1u));
  EXPECT_FALSE(roll.make_room());
  EXPECT_EQ(roll.size(), 0u);
}

TEST(ConnectionRoll, FiveThousandFromOneAddressTakeItsPlacesAndNoMore) {
  ConnectionRoll roll({.connections_max = 1000, .per_origin_max = 100});
  for (ConnectionRoll::Id id = 1; id <= 50; ++id) {
    roll.admit(id, "proxy " + std::to_string(id));
    roll.set_standing(id, Standing::busy);
  }
  for (ConnectionRoll::Id id = 51; id <= 5050; ++id) {
    EXPECT_TRUE(roll.admit(id, "flood").is_admitted);
    EXPECT_LE(roll.size(), 150u);
  }
  const auto newcomer = roll.admit(6000, "proxy 51");
  EXPECT_TRUE(newcomer.is_admitted);
  EXPECT_FALSE(newcomer.leaves);
}

}  // namespace
}  // namespace base
