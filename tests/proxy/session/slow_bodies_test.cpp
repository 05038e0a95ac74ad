#include "proxy/session/slow_bodies.h"

#include <list>

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

TEST(SlowBodies, HaveSoManyPlacesAndOneThatIsLeftIsThereForTheNext) {
  SlowBodies bodies;
  std::list<SlowBodies::Place> places(SlowBodies::kPlaces);
  for (SlowBodies::Place& place : places) EXPECT_TRUE(place.take(bodies));
  SlowBodies::Place next;
  EXPECT_FALSE(next.take(bodies));
  next.leave();  // it has none
  EXPECT_FALSE(next.take(bodies));
  places.front().leave();
  EXPECT_TRUE(next.take(bodies));
  places.front().leave();  // once is enough
  SlowBodies::Place another;
  EXPECT_FALSE(another.take(bodies));
  places.pop_back();
  EXPECT_TRUE(another.take(bodies));
}

}  // namespace
}  // namespace proxy::session
