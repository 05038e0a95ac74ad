#include "acme/nonce_pool.h"

#include <gtest/gtest.h>

#include "tests/fakes/clock.h"

namespace {

using acme::NoncePool;

TEST(NoncePool, HandsEachNonceOutOnceTheNewestFirst) {
  fakes::FakeClock clock;
  NoncePool pool(clock);
  pool.put("one");
  pool.put("two");
  EXPECT_EQ(pool.take(), "two");
  EXPECT_EQ(pool.take(), "one");
  EXPECT_EQ(pool.take(), std::nullopt);
}

TEST(NoncePool, KeepsABoundedNumberAndDropsTheOldest) {
  fakes::FakeClock clock;
  NoncePool pool(clock, {2, std::chrono::minutes(5)});
  for (const char* nonce : {"one", "two", "three"}) pool.put(nonce);
  EXPECT_EQ(pool.size(), 2u);
  EXPECT_EQ(pool.take(), "three");
  EXPECT_EQ(pool.take(), "two");
}

TEST(NoncePool, ForgetsNoncesThatGrewOld) {
  fakes::FakeClock clock;
  NoncePool pool(clock, {8, std::chrono::minutes(5)});
  pool.put("old");
  clock.advance(std::chrono::minutes(4));
  pool.put("young");
  clock.advance(std::chrono::minutes(2));
  EXPECT_EQ(pool.take(), "young");
  EXPECT_EQ(pool.take(), std::nullopt);
  EXPECT_EQ(pool.size(), 0u);
}

TEST(NoncePool, DoesNotMindWhenSomebodySetsTheWallClock) {
  fakes::FakeClock clock;
  NoncePool pool(clock);
  pool.put("nonce");
  clock.set_wall(clock.now() + std::chrono::hours(1000));
  EXPECT_EQ(pool.take(), "nonce");
}

// RFC 8555 §6.5.1: a client ignores a nonce that is not base64url.
TEST(NoncePool, IgnoresWhatIsNoNonce) {
  fakes::FakeClock clock;
  NoncePool pool(clock);
  for (const std::string nonce : {"", "a b", "a=", "a+b", "a/b", "\"x\""}) pool.put(nonce);
  pool.put(std::string(257, 'a'));
  EXPECT_EQ(pool.size(), 0u);
}

}  // namespace
