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

TEST(ChooseNext, WithoutABudgetOnlyWhatNoEndpointHasSeenIsSentAgain) {
  config::NextUpstream rules;
  rules.status_503 = true;
  rules.non_idempotent = true;
  Attempt get = changed(kGet, &Attempt::connection_was_reused, false);
  EXPECT_EQ(choose_next(kTimeout, get, &rules), Next::other_endpoint);
  EXPECT_TRUE(passes_on(503, get, rules));
  get.has_budget = false;
  EXPECT_EQ(choose_next(kTimeout, get, &rules), Next::give_up);
  EXPECT_FALSE(passes_on(503, get, rules));
  EXPECT_EQ(choose_next(kConnect, get, &rules), Next::other_endpoint);
  EXPECT_EQ(choose_next(kConnect, get), Next::other_endpoint);
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

TEST(ChooseNext, WhatAnEndpointSaysThatItDidNothingForIsSentAgainWhateverItIs) {
  constexpr Failure kRefused{Fault::upstream, Retry::not_processed, 502, "refused"};
  Attempt post = changed(kGet, &Attempt::is_idempotent, false);
  post.connection_was_reused = false;
  EXPECT_EQ(choose_next(kRefused, post), Next::fresh_connection);
  post.was_replayed = true;  // then each endpoint is asked once more at most
  EXPECT_EQ(choose_next(kRefused, post), Next::other_endpoint);
  EXPECT_EQ(choose_next(kRefused, changed(post, &Attempt::has_untried_endpoint, false)),
            Next::give_up);
  EXPECT_EQ(choose_next(kRefused, changed(post, &Attempt::can_replay, false)), Next::give_up);
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
  using http::Method;
  for (const Method method :
       {Method::get, Method::head, Method::put, Method::delete_, Method::options, Method::trace}) {
    EXPECT_TRUE(is_idempotent(method));
  }
  for (const Method method : {Method::post, Method::patch, Method::other}) {
    EXPECT_FALSE(is_idempotent(method));
  }
}

constexpr config::NextUpstream kOff{.error = false, .timeout = false};
constexpr Failure kSlow{Fault::upstream, Retry::never, 504, "upstream_read_timeout",
                        FailureKind::timeout};
constexpr Failure kNonsense{Fault::upstream, Retry::never, 502, "bad_response",
                            FailureKind::invalid_answer};
// On a fresh connection.
constexpr Attempt kFreshGet{
    .is_idempotent = true, .can_replay = true, .has_untried_endpoint = true, .endpoints_tried = 1};

Next next_by(const config::NextUpstream& rules, const Failure& failure,
             const Attempt& attempt = kFreshGet) {
  return choose_next(failure, attempt, &rules);
}

TEST(ChooseNext, ARouteSaysWhichFailuresAnotherEndpointMakesGood) {
  const config::NextUpstream defaults;  // error timeout
  EXPECT_EQ(next_by(defaults, kConnect), Next::other_endpoint);
  EXPECT_EQ(next_by(defaults, kDied), Next::other_endpoint);
  EXPECT_EQ(next_by(defaults, kSlow), Next::other_endpoint);
  EXPECT_EQ(next_by(defaults, kNonsense), Next::give_up);
  config::NextUpstream rules = kOff;
  for (const Failure& failure : {kConnect, kDied, kSlow, kNonsense}) {
    EXPECT_EQ(next_by(rules, failure), Next::give_up) << failure.reason;
  }
  rules.timeout = true;
  EXPECT_EQ(next_by(rules, kSlow), Next::other_endpoint);
  EXPECT_EQ(next_by(rules, kConnect), Next::give_up);
  rules.invalid_answer = true;
  EXPECT_EQ(next_by(rules, kNonsense), Next::other_endpoint);
}

TEST(ChooseNext, WhatMayHaveHadAnEffectIsRepeatedOnlyWhereTheRouteSaysSo) {
  config::NextUpstream rules;
  rules.status_503 = true;
  Attempt post = changed(kFreshGet, &Attempt::is_idempotent, false);
  EXPECT_EQ(next_by(rules, kConnect, post), Next::other_endpoint);  // it had none
  EXPECT_EQ(next_by(rules, kDied, post), Next::give_up);
  EXPECT_EQ(next_by(rules, kSlow, post), Next::give_up);
  EXPECT_FALSE(passes_on(503, post, rules));
  post.was_left_unread = true;
  EXPECT_EQ(next_by(rules, kDied, post), Next::other_endpoint);
  post.was_left_unread = false;
  rules.non_idempotent = true;
  EXPECT_EQ(next_by(rules, kDied, post), Next::other_endpoint);
  EXPECT_TRUE(passes_on(503, post, rules));
}

TEST(ChooseNext, TriesAndTimeAndEndpointsEnd) {
  config::NextUpstream rules;
  rules.status_503 = true;
  Attempt attempt = kFreshGet;
  attempt.endpoints_tried = 2;
  EXPECT_EQ(next_by(rules, kDied, attempt), Next::other_endpoint);
  EXPECT_TRUE(passes_on(503, attempt, rules));
  attempt.endpoints_tried = 3;
  EXPECT_EQ(next_by(rules, kDied, attempt), Next::give_up);
  EXPECT_FALSE(passes_on(503, attempt, rules));
  rules.tries = 0;
  EXPECT_EQ(next_by(rules, kDied, attempt), Next::other_endpoint);
  rules.seconds = 5;
  attempt.taken = std::chrono::milliseconds(4999);
  EXPECT_EQ(next_by(rules, kDied, attempt), Next::other_endpoint);
  attempt.taken = std::chrono::seconds(5);
  EXPECT_EQ(next_by(rules, kDied, attempt), Next::give_up);
  EXPECT_FALSE(passes_on(503, attempt, rules));
  attempt.taken = {};
  attempt.has_untried_endpoint = false;
  EXPECT_EQ(next_by(rules, kDied, attempt), Next::give_up);
  EXPECT_FALSE(passes_on(503, attempt, rules));
}

TEST(ChooseNext, OnlyTheStatusesThatAreNamedArePassedOn) {
  config::NextUpstream rules;
  bool config::NextUpstream::*const members[] = {
      &config::NextUpstream::status_403, &config::NextUpstream::status_404,
      &config::NextUpstream::status_429, &config::NextUpstream::status_500,
      &config::NextUpstream::status_502, &config::NextUpstream::status_503,
      &config::NextUpstream::status_504};
  const int statuses[] = {403, 404, 429, 500, 502, 503, 504};
  for (std::size_t i = 0; i < std::size(statuses); ++i) {
    EXPECT_FALSE(passes_on(statuses[i], kFreshGet, rules));
    rules.*members[i] = true;
    EXPECT_TRUE(passes_on(statuses[i], kFreshGet, rules));
    EXPECT_FALSE(passes_on(statuses[i], changed(kFreshGet, &Attempt::can_replay, false), rules));
  }
  for (const int status : {200, 301, 400, 401, 501}) {
    EXPECT_FALSE(passes_on(status, kFreshGet, rules));
  }
}

TEST(ChooseNext, ADeadPooledConnectionIsReplacedWhateverTheRouteSays) {
  EXPECT_EQ(next_by(kOff, kDied, kGet), Next::fresh_connection);
}

TEST(ChooseNext, ATimeoutIsNotRetried) {
  EXPECT_EQ(choose_next(kTimeout, kGet), Next::give_up);
}

}  // namespace
}  // namespace proxy::upstream
