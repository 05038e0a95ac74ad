#include "proxy/session/request_pool.h"

#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

constexpr std::size_t kBytes = 100;

// Counts how many of it there are.
struct Thing {
  struct Means {
    int& made;
    int& alive;
  };
  explicit Thing(const Means& what) : means(what) {
    ++means.made;
    ++means.alive;
  }
  ~Thing() { --means.alive; }
  Thing(const Thing&) = delete;
  Thing& operator=(const Thing&) = delete;

  void reset() { is_ready = true; }
  std::size_t kept_bytes() const { return kBytes; }

  const Means& means;
  bool is_ready = true;
};

class RequestPoolTest : public ::testing::Test {
 protected:
  // As many at once, and then none of them.
  void use(std::size_t count) {
    std::vector<std::unique_ptr<Thing>> things;
    things.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      things.push_back(pool_.take());
      EXPECT_TRUE(things.back()->is_ready);
      things.back()->is_ready = false;
    }
    for (auto& thing : things) pool_.give_back(std::move(thing));
  }

  int made_ = 0, alive_ = 0;
  const Thing::Means means_{made_, alive_};
  admin::Counter account_;
  RequestPool<Thing> pool_{means_, account_};
};

TEST_F(RequestPoolTest, WhatWasGivenBackIsUsedAgainFromTheNextTurnOn) {
  use(1);
  use(1);
  EXPECT_EQ(made_, 2) << "somebody on the stack may be in the first";
  pool_.on_turn_end();
  use(2);
  EXPECT_EQ(made_, 2);
}

TEST_F(RequestPoolTest, WhatItKeepsIsInTheAccountUntilItIsTaken) {
  use(3);
  EXPECT_EQ(account_.get(), 0u);
  pool_.on_turn_end();
  EXPECT_EQ(account_.get(), 3 * kBytes);
  const auto taken = pool_.take();
  EXPECT_EQ(account_.get(), 2 * kBytes);
}

TEST_F(RequestPoolTest, KeepsNoMoreThanItMay) {
  use(RequestPool<Thing>::kMax + 1);
  pool_.on_turn_end();
  EXPECT_EQ(alive_, static_cast<int>(RequestPool<Thing>::kMax));
  EXPECT_EQ(account_.get(), RequestPool<Thing>::kMax * kBytes);
}

TEST_F(RequestPoolTest, GivesMemoryBack) {
  use(3);
  pool_.on_turn_end();
  pool_.give_memory_back();
  EXPECT_EQ(alive_, 0);
  EXPECT_EQ(account_.get(), 0u);
}

}  // namespace
}  // namespace proxy::session
