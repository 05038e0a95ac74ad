#include "proxy/upstream/retry.h"

#include <gtest/gtest.h>

namespace proxy::upstream {
namespace {

constexpr Failure kConnect{Fault::upstream, Retry::always, 502, "connect_refused"};
constexpr Failure kDied{Fault::upstream, Retry::if_connection_was_reused, 502, "closed_early"};
constexpr Failure kTimeout{Fault::upstream, Retry::never, 504, "upstream_read_timeout"};

// A GET that failed on a pooled connection before a byte of its response, with others to try.
constexpr Attempt kGet{.is_idempotent = true,
                       .can_replay = true,
                       .connection_was_reused = true,
                       .has_untried_endpoint = true};

Attempt changed(Attempt attempt, bool Attempt::*what, bool to) {
  attempt.*what = to;
  return attempt;
}

TEST(ChooseNext, AFailedConnectGoesToAnEndpointNotTriedYet) {
  EXPECT_EQ(choose_next(kConnect, kGet), Next::other_endpoint);
  EXPECT_EQ(choose_next(kConnect, changed(kGet, &Attempt::has_untried_endpoint, false)),
            Next::give_up);
}

TEST(ChooseNext, AFailedConnectIsRetriedForAnyMethodSinceNothingWasSent) {
  EXPECT_EQ(choose_next(kConnect, changed(kGet, &Attempt::is_idempotent, false)),
            Next::other_endpoint);
}

TEST(ChooseNext, ADeadPooledConnectionIsRetriedOnceOnAFreshOne) {
  EXPECT_EQ(choose_next(kDied, kGet), Next::fresh_connection);
  EXPECT_EQ(choose_next(kDied, changed(kGet, &Attempt::has_untried_endpoint, false)),
            Next::fresh_connection);
  EXPECT_EQ(choose_next(kDied, changed(kGet, &Attempt::was_replayed, true)), Next::give_up);
}

TEST(ChooseNext, AFreshConnectionThatDiesMayHaveCarriedTheRequest) {
  EXPECT_EQ(choose_next(kDied, changed(kGet, &Attempt::connection_was_reused, false)),
            Next::give_up);
}

TEST(ChooseNext, ANonIdempotentRequestIsSentAgainOnlyIfNobodyCanHaveReadIt) {
  Attempt post = changed(kGet, &Attempt::is_idempotent, false);
  EXPECT_EQ(choose_next(kDied, post), Next::give_up);
  post.was_left_unread = true;
  EXPECT_EQ(choose_next(kDied, post), Next::fresh_connection);
  EXPECT_EQ(choose_next(kDied, changed(post, &Attempt::was_replayed, true)), Next::give_up);
  EXPECT_EQ(choose_next(kTimeout, post), Next::give_up);
}

TEST(ChooseNext, NothingIsSentAgainWhenPartOfTheBodyIsGone) {
  const Attempt gone = changed(kGet, &Attempt::can_replay, false);
  EXPECT_EQ(choose_next(kConnect, gone), Next::give_up);
  EXPECT_EQ(choose_next(kDied, gone), Next::give_up);
}

TEST(ChooseNext, NothingIsSentAgainOnceAByteOfTheResponseCame) {
  const Attempt begun = changed(kGet, &Attempt::response_has_begun, true);
  EXPECT_EQ(choose_next(kConnect, begun), Next::give_up);
  EXPECT_EQ(choose_next(kDied, begun), Next::give_up);
}

TEST(ChooseNext, MethodsThatMayBeSentTwiceAreThoseOfRfc9110) {
  using http1::Method;
  for (const Method method :
       {Method::get, Method::head, Method::put, Method::delete_, Method::options, Method::trace}) {
    EXPECT_TRUE(is_idempotent(method));
  }
  for (const Method method : {Method::post, Method::patch, Method::other}) {
    EXPECT_FALSE(is_idempotent(method));
  }
}

TEST(ChooseNext, ATimeoutIsNotRetried) {
  EXPECT_EQ(choose_next(kTimeout, kGet), Next::give_up);
}

}  // namespace
}  // namespace proxy::upstream
