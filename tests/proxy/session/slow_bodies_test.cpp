#include "proxy/session/slow_bodies.h"

#include <cstdint>
#include <list>
#include <string>

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

constexpr std::uint64_t kShop = 1;
constexpr std::uint64_t kBlog = 2;

// Places of many clients, which are given back when it goes.
class SlowBodiesTest : public ::testing::Test {
 protected:
  bool enters(const std::string& client, std::uint64_t cluster = kShop) {
    return places_.emplace_back().take(bodies_, cluster, client);
  }
  // How many more of them are let in.
  std::size_t count(const std::string& client, std::uint64_t cluster = kShop) {
    std::size_t taken = 0;
    while (taken <= SlowBodies::kOfOneCluster && enters(client, cluster)) ++taken;
    return taken;
  }

  SlowBodies bodies_;
  std::list<SlowBodies::Place> places_;
};

TEST_F(SlowBodiesTest, HaveSoManyPlacesAndOneThatIsLeftIsThereForTheNext) {
  for (std::size_t i = 0; i < SlowBodies::kOfOneCluster; ++i) {
    EXPECT_TRUE(enters("203.0.113." + std::to_string(i))) << i;
  }
  SlowBodies::Place next;
  EXPECT_FALSE(next.take(bodies_, kShop, "203.0.113.99"));
  next.leave();  // it has none
  EXPECT_FALSE(next.take(bodies_, kShop, "203.0.113.99"));
  places_.front().leave();
  EXPECT_TRUE(next.take(bodies_, kShop, "203.0.113.99"));
  places_.front().leave();  // once is enough
  EXPECT_FALSE(enters("203.0.113.98"));
  next.leave();
  EXPECT_TRUE(enters("203.0.113.98"));
}

TEST_F(SlowBodiesTest, AClientHasNoMoreThanItLeavesToOthers) {
  EXPECT_EQ(count("203.0.113.1"), SlowBodies::kOfALoneClient);
  EXPECT_EQ(count("203.0.113.2"), SlowBodies::kOfALoneClient / 2);
  EXPECT_EQ(count("203.0.113.3"), 1U);
  EXPECT_EQ(count("203.0.113.4"), 1U);
  EXPECT_EQ(count("203.0.113.5"), 0U);
}

TEST_F(SlowBodiesTest, AllAddressesOfOneSubscriberAreOneClient) {
  for (std::size_t i = 0; i < SlowBodies::kOfALoneClient; ++i) {
    EXPECT_TRUE(enters("2001:db8::" + std::to_string(i + 1))) << i;
  }
  EXPECT_FALSE(enters("2001:db8::ffff"));
  EXPECT_TRUE(enters("2001:db8:0:1::1"));
}

TEST_F(SlowBodiesTest, ThoseOfOneClusterTakeNothingFromAnother) {
  EXPECT_EQ(count("203.0.113.1"), SlowBodies::kOfALoneClient);
  EXPECT_EQ(count("203.0.113.1", kBlog), SlowBodies::kOfALoneClient);
}

TEST_F(SlowBodiesTest, NothingIsRememberedOfWhoHasLeft) {
  EXPECT_EQ(count("203.0.113.1"), SlowBodies::kOfALoneClient);
  places_.clear();
  EXPECT_EQ(count("203.0.113.2"), SlowBodies::kOfALoneClient);
}

}  // namespace
}  // namespace proxy::session
