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
    ASSERT_TRUE(roll.has_place_for(origin));
    roll.admit(roll.size() + 1, origin);
  }
  EXPECT_EQ(roll.size(), 3u);
  EXPECT_FALSE(roll.has_place_for("b")) << "all places are taken";
}

TEST(ConnectionRoll, WhoFillsItsOwnOriginLosesItsOldestStranger) {
  ConnectionRoll roll({.connections_max = 100, .per_origin_max = 3});
  for (ConnectionRoll::Id id = 1; id <= 3; ++id) roll.admit(id, "a");
  roll.admit(4, "b");
  roll.set_standing(1, Standing::busy);
  EXPECT_FALSE(roll.has_place_for("a"));
  EXPECT_TRUE(roll.has_place_for("b"));
  EXPECT_THAT(roll.leaver_for("a"), Optional(2u)) << "1 is being served, and 4 is another's";
}

TEST(ConnectionRoll, TheOriginWithTheMostStrangersMakesRoomForOthers) {
  ConnectionRoll roll({.connections_max = 6, .per_origin_max = 5});
  roll.admit(1, "proxy");
  for (ConnectionRoll::Id id = 2; id <= 6; ++id) roll.admit(id, "flood");
  EXPECT_THAT(roll.leaver_for("newcomer"), Optional(2u))
      << "the oldest of all is not the one that is too many";
}

TEST(ConnectionRoll, AKnownOneThatIsIdleLeavesWhenThereAreNoStrangers) {
  ConnectionRoll roll({.connections_max = 2, .per_origin_max = 2});
  roll.admit(1, "a");
  roll.admit(2, "b");
  roll.set_standing(1, Standing::busy);
  roll.set_standing(2, Standing::idle);
  EXPECT_THAT(roll.leaver_for("c"), Optional(2u));
}

TEST(ConnectionRoll, NobodyLeavesInTheMiddleOfARequest) {
  ConnectionRoll roll({.connections_max = 2, .per_origin_max = 1});
  roll.admit(1, "a");
  roll.set_standing(1, Standing::busy);
  EXPECT_TRUE(roll.is_busy(1));
  EXPECT_FALSE(roll.leaver_for("a")) << "the origin is full";
  roll.admit(3, "b");
  roll.set_standing(3, Standing::busy);
  EXPECT_FALSE(roll.leaver_for("c")) << "all places are taken";
  EXPECT_FALSE(roll.leaver());
  EXPECT_EQ(roll.size(), 2u);
  roll.leave(1);
  EXPECT_TRUE(roll.has_place_for("c"));
}

TEST(ConnectionRoll, WhoWasRefusedIsAStrangerAgain) {
  ConnectionRoll roll({.connections_max = 2, .per_origin_max = 2});
  roll.admit(1, "a");
  roll.admit(2, "b");
  roll.set_standing(2, Standing::busy);
  roll.set_standing(2, Standing::stranger);
  roll.set_standing(1, Standing::idle);
  EXPECT_FALSE(roll.is_busy(2));
  for (const ConnectionRoll::Id id : {2u, 1u}) {
    EXPECT_THAT(roll.leaver(), Optional(id));
    roll.leave(id);
  }
  EXPECT_FALSE(roll.leaver());
  EXPECT_EQ(roll.size(), 0u);
}

TEST(ConnectionRoll, FiveThousandFromOneAddressTakeItsPlacesAndNoMore) {
  ConnectionRoll roll({.connections_max = 1000, .per_origin_max = 100});
  for (ConnectionRoll::Id id = 1; id <= 50; ++id) {
    roll.admit(id, "proxy " + std::to_string(id));
    roll.set_standing(id, Standing::busy);
  }
  for (ConnectionRoll::Id id = 51; id <= 5050; ++id) {
    if (!roll.has_place_for("flood")) {
      const auto leaver = roll.leaver_for("flood");
      ASSERT_TRUE(leaver);
      roll.leave(*leaver);
    }
    roll.admit(id, "flood");
    EXPECT_LE(roll.size(), 150u);
  }
  EXPECT_TRUE(roll.has_place_for("proxy 51"));
}

}  // namespace
}  // namespace base
