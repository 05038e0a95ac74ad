#include "operator/certificate/order_schedule.h"

#include <vector>

#include <gtest/gtest.h>

namespace {

using acme::ErrorClass;
using certificate::Memory;
using certificate::ProxyAnswers;
using certificate::Standstill;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const base::WallTime kNow{hours(500'000)};
const base::SteadyTime kSteady{hours(100)};

acme::AcmeError error_of(ErrorClass error_class, bool has_problem,
                         std::optional<seconds> retry_after = std::nullopt) {
  acme::AcmeError error;
  error.error_class = error_class;
  error.error.retry_after = retry_after;
  if (has_problem) error.problem.emplace();
  return error;
}

TEST(OrderSchedule, OnlyARefusalForGoodLosesTheOrder) {
  struct Case {
    ErrorClass error_class;
    bool has_problem;
    bool is_lost;
  };
  const std::vector<Case> cases = {
      {ErrorClass::network, false, false},        {ErrorClass::protocol, false, false},
      {ErrorClass::server_internal, true, false}, {ErrorClass::bad_nonce, true, false},
      {ErrorClass::order_not_ready, true, false}, {ErrorClass::rate_limited, true, false},
      {ErrorClass::malformed, true, true},        {ErrorClass::unauthorized, true, true},
      {ErrorClass::malformed, false, false},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(certificate::loses_order(error_of(one.error_class, one.has_problem)), one.is_lost)
        << acme::name_of(one.error_class);
  }
}

TEST(OrderSchedule, WhatPassesQuicklyIsTriedTwiceWithoutAWord) {
  struct Case {
    acme::AcmeError error;
    int setbacks;
    int failures;
    std::optional<milliseconds> delay;
  };
  const auto network = error_of(ErrorClass::network, false);
  const std::vector<Case> cases = {
      {network, 0, 0, milliseconds(250)},
      {network, 1, 0, milliseconds(500)},
      {network, 2, 0, std::nullopt},
      {network, 0, 1, std::nullopt},
      {error_of(ErrorClass::server_internal, true, seconds(2)), 0, 0, seconds(2)},
      {error_of(ErrorClass::server_internal, true, seconds(0)), 0, 0, milliseconds(250)},
      {error_of(ErrorClass::server_internal, true, seconds(3)), 0, 0, std::nullopt},
      {error_of(ErrorClass::rate_limited, true, seconds(0)), 0, 0, std::nullopt},
      {error_of(ErrorClass::malformed, true), 0, 0, std::nullopt},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(certificate::silent_retry_delay(one.error, one.setbacks, one.failures), one.delay)
        << acme::name_of(one.error.error_class) << " " << one.setbacks << " " << one.failures;
  }
}

TEST(OrderSchedule, TheProxiesAreAdvisersAndNotJudges) {
  struct Case {
    const char* what;
    ProxyAnswers answers;
    seconds waited;
    bool is_enough;
  };
  const std::vector<Case> cases = {
      {"all", {2, 2, 0, {}}, seconds(0), true},
      {"one of two wrong", {2, 1, 0, {}}, seconds(0), false},
      {"one of two wrong for long", {2, 1, 0, {}}, seconds(30), true},
      {"one of two silent", {2, 1, 1, {}}, seconds(29), false},
      {"one of three silent", {3, 2, 1, {}}, seconds(0), true},
      {"all wrong", {2, 0, 0, {}}, seconds(29), false},
      {"all wrong for long", {2, 0, 0, {}}, seconds(30), true},
      {"nobody is there", {}, hours(9), false},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(certificate::is_enough_to_ask_the_server(one.answers, one.waited), one.is_enough)
        << one.what;
  }
  using certificate::Given;
  EXPECT_TRUE(certificate::may_ask_proxies(Given::taken_over, seconds(0)));
  for (const Given given : {Given::unknown, Given::no, Given::on_its_way}) {
    EXPECT_FALSE(certificate::may_ask_proxies(given, milliseconds(1999)));
    EXPECT_TRUE(certificate::may_ask_proxies(given, seconds(2)));
  }
}

TEST(OrderSchedule, LooksAtTheProxiesBecomeSlower) {
  EXPECT_EQ(certificate::until_next_challenge_look(0), milliseconds(20));
  EXPECT_EQ(certificate::until_next_challenge_look(3), milliseconds(160));
  EXPECT_EQ(certificate::until_next_challenge_look(1'000'000), seconds(2));
  EXPECT_EQ(certificate::until_next_look_after_issuance(1), milliseconds(40));
  EXPECT_EQ(certificate::until_next_look_after_issuance(1'000'000), milliseconds(500));
}

TEST(OrderSchedule, AnOrderThatDoesNotMoveIsAnsweredOnceMoreAndThenGivenUp) {
  struct Case {
    const char* what;
    acme::OrderStatus status;
    minutes still;
    bool is_answered_again;
    std::optional<base::WallTime> expires;
    Standstill standstill;
  };
  using acme::OrderStatus;
  const std::vector<Case> cases = {
      {"moves", OrderStatus::pending, minutes(0), false, std::nullopt, Standstill::none},
      {"half-way", OrderStatus::pending, minutes(30), false, std::nullopt,
       Standstill::answer_again},
      {"only once", OrderStatus::pending, minutes(31), true, std::nullopt, Standstill::none},
      {"nothing to answer", OrderStatus::processing, minutes(30), false, std::nullopt,
       Standstill::none},
      {"an hour", OrderStatus::processing, minutes(60), false, std::nullopt, Standstill::too_long},
      {"expired", OrderStatus::pending, minutes(1), false, kNow, Standstill::expired},
      {"expires later", OrderStatus::pending, minutes(1), false, kNow + seconds(1),
       Standstill::none},
  };
  for (const Case& one : cases) {
    Memory::Order order;
    order.order.status = one.status;
    order.order.expires = one.expires;
    order.is_answered_again = one.is_answered_again;
    order.changed_at = kSteady - one.still;
    EXPECT_EQ(certificate::standstill_of(order, kNow, kSteady), one.standstill) << one.what;
  }
}

TEST(OrderSchedule, AnOrderThatTheServerTakesForReadyAgainIsFinalizedOnceMore) {
  Memory::Order order;
  order.order.status = acme::OrderStatus::processing;
  order.changed_at = kSteady - minutes(30);
  EXPECT_EQ(certificate::standstill_of(order, kNow, kSteady), Standstill::none);
  order.is_ready_again = true;
  EXPECT_EQ(certificate::standstill_of(order, kNow, kSteady), Standstill::answer_again);
  order.is_answered_again = true;
  EXPECT_EQ(certificate::standstill_of(order, kNow, kSteady), Standstill::none);
}

TEST(OrderSchedule, TheEndOfAnOrderThatLayInThePastWhenItWasPlacedSaysNothing) {
  Memory::Order order;
  order.order.expires = kNow - minutes(1);
  order.changed_at = kSteady;
  EXPECT_EQ(certificate::standstill_of(order, kNow, kSteady), Standstill::expired);
  order.was_born_expired = true;
  EXPECT_EQ(certificate::standstill_of(order, kNow, kSteady), Standstill::none);
}

TEST(OrderSchedule, WhatCannotBeGoneOnWithForAnHourIsGivenUpUnlessTheServerIsAwayOrBusy) {
  using acme::ErrorClass;
  Memory::Order order;
  order.changed_at = kSteady - minutes(60);
  for (const ErrorClass told :
       {ErrorClass::protocol, ErrorClass::other, ErrorClass::order_not_ready}) {
    EXPECT_TRUE(certificate::is_given_up(order, told, kSteady)) << acme::name_of(told);
    EXPECT_FALSE(certificate::is_given_up(order, told, kSteady - seconds(1)));
  }
  for (const ErrorClass untold : {ErrorClass::network, ErrorClass::server_internal,
                                  ErrorClass::bad_nonce, ErrorClass::rate_limited}) {
    EXPECT_FALSE(certificate::is_given_up(order, untold, kSteady)) << acme::name_of(untold);
  }
}

TEST(OrderSchedule, AWaitIsToldAfterThreeSecondsAndNotMoreOftenThanEachTen) {
  Memory::Wait wait;
  EXPECT_FALSE(certificate::is_word_due(wait, kSteady));
  wait.since = kSteady;
  EXPECT_FALSE(certificate::is_word_due(wait, kSteady + milliseconds(2999)));
  EXPECT_TRUE(certificate::is_word_due(wait, kSteady + seconds(3)));
  wait.next_word = certificate::next_word_after(kSteady + seconds(3));
  EXPECT_FALSE(certificate::is_word_due(wait, kSteady + seconds(12)));
  EXPECT_TRUE(certificate::is_word_due(wait, kSteady + seconds(13)));
}

TEST(OrderSchedule, AWishToRenewGivesUpAnOrderThatHasHadAMinute) {
  EXPECT_TRUE(certificate::may_give_up_for_a_wish(std::nullopt, kNow));
  EXPECT_FALSE(certificate::may_give_up_for_a_wish(kNow - seconds(59), kNow));
  EXPECT_TRUE(certificate::may_give_up_for_a_wish(kNow - minutes(1), kNow));
  EXPECT_TRUE(certificate::may_give_up_for_a_wish(kNow + hours(24), kNow))
      << "of a clock that was ahead";
}

}  // namespace
