#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acme/renewal_info.h"
#include "acme/renewal_time.h"
#include "base/time_text.h"

namespace {

using acme::ErrorClass;
using acme::RenewalRule;
using base::WallTime;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr WallTime kStart{seconds(1'767'225'600)};
constexpr hours kDay{24};

RenewalRule before(seconds delay) {
  RenewalRule rule;
  rule.renew_before = delay;
  return rule;
}

RenewalRule percent(int percentage) {
  RenewalRule rule;
  rule.renew_before_percentage = percentage;
  return rule;
}

struct Row {
  const char* what;
  seconds life;
  RenewalRule rule;
  seconds after_start;
};

TEST(RenewalTime, FollowsTheRuleOrTheDefault) {
  const Row rows[] = {
      {"a third of 90 days left", 90 * kDay, {}, 60 * kDay},
      {"of 45 days", 45 * kDay, {}, 30 * kDay},
      {"a third of exactly 10 days", 12 * kDay, {}, 8 * kDay},
      {"half of a short life", 160 * hours(1), {}, 80 * hours(1)},
      {"as the user says", 90 * kDay, before(15 * kDay), 75 * kDay},
      {"a percentage", 100 * kDay, percent(20), 80 * kDay},
      {"longer than the life: default", 90 * kDay, before(91 * kDay), 60 * kDay},
      {"exactly the life: default", 90 * kDay, before(90 * kDay), 60 * kDay},
      {"senseless percentage: default", 90 * kDay, percent(0), 60 * kDay},
      {"senseless percentage: default", 90 * kDay, percent(100), 60 * kDay},
      {"never in the last 5 minutes", 90 * kDay, before(seconds(1)), 90 * kDay - minutes(5)},
      {"never in the first 5 minutes", minutes(20), before(minutes(14)), minutes(6)},
      {"a life of minutes", minutes(8), {}, minutes(4)},
      {"no life at all", seconds(0), {}, seconds(0)},
      {"a life that ended first", -kDay, {}, seconds(0)},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(acme::renewal_time(kStart, kStart + row.life, row.rule), kStart + row.after_start)
        << row.what;
  }
}

TEST(RenewalTime, IsNotFooledByBothRules) {
  RenewalRule both = before(10 * kDay);
  both.renew_before_percentage = 50;
  EXPECT_EQ(acme::renewal_time(kStart, kStart + 90 * kDay, both), kStart + 80 * kDay);
}

TEST(RenewalTimeIn, LiesInTheWindow) {
  const acme::RenewalInfo info{kStart, kStart + hours(10), ""};
  EXPECT_EQ(acme::renewal_time_in(info, 0), kStart);
  EXPECT_EQ(acme::renewal_time_in(info, 0.5), kStart + hours(5));
  EXPECT_EQ(acme::renewal_time_in(info, 1), kStart + hours(10));
  EXPECT_EQ(acme::renewal_time_in(info, -3), kStart);
  EXPECT_EQ(acme::renewal_time_in(info, 3), kStart + hours(10));
}

TEST(RenewalTimeIn, OfAWindowFromTheFirstToTheLastYearIsATime) {
  const auto info = acme::parse_renewal_info(
      R"({"suggestedWindow": {"start": "0001-01-01T00:00:00Z", "end": "9999-12-31T00:00:00Z"}})");
  ASSERT_TRUE(info) << info.error().message;
  const base::WallTime at = acme::renewal_time_in(*info, 0.5);
  EXPECT_GT(at, info->window_start);
  EXPECT_LT(at, info->window_end);
}

TEST(ChanceOf, IsTheSameForTheSameTextAndSpread) {
  EXPECT_EQ(acme::chance_of("a.b"), acme::chance_of("a.b"));
  EXPECT_NE(acme::chance_of("a.b"), acme::chance_of("a.c"));
  int low = 0;
  for (int i = 0; i < 1000; ++i) {
    const double chance = acme::chance_of("certificate " + std::to_string(i));
    ASSERT_GE(chance, 0.0);
    ASSERT_LT(chance, 1.0);
    if (chance < 0.5) ++low;
  }
  EXPECT_NEAR(low, 500, 100);  // the texts are fixed, so this is no matter of luck
}

TEST(RenewalInfoRefetchDelay, IsHeldBetweenAMinuteAndADay) {
  EXPECT_EQ(acme::renewal_info_refetch_delay({}), hours(6));
  EXPECT_EQ(acme::renewal_info_refetch_delay(seconds(0)), minutes(1));
  EXPECT_EQ(acme::renewal_info_refetch_delay(hours(3)), hours(3));
  EXPECT_EQ(acme::renewal_info_refetch_delay(hours(300)), hours(24));
}

seconds delay(ErrorClass error_class, int failures, std::optional<seconds> retry_after = {},
              double chance = 0) {
  return acme::next_attempt_delay(error_class, retry_after, failures, chance);
}

TEST(NextAttemptDelay, GrowsAsLetsEncryptAdvises) {
  const seconds expected[] = {minutes(1), minutes(10), minutes(100), hours(24), hours(24)};
  for (int failures = 1; failures <= 5; ++failures) {
    EXPECT_EQ(delay(ErrorClass::unauthorized, failures), expected[failures - 1]);
    EXPECT_EQ(delay(ErrorClass::dns, failures), expected[failures - 1]);
  }
}

TEST(NextAttemptDelay, IsQuickAtFirstForTroubleOfTheServerOrTheNetwork) {
  for (const ErrorClass quick : {ErrorClass::network, ErrorClass::server_internal,
                                 ErrorClass::bad_nonce, ErrorClass::order_not_ready}) {
    EXPECT_EQ(delay(quick, 1), seconds(2));
    EXPECT_EQ(delay(quick, 2), seconds(4));
    EXPECT_EQ(delay(quick, 1'000'000), hours(1));
  }
}

TEST(NextAttemptDelay, IsSlowWhereAPersonMustActFirst) {
  for (const ErrorClass slow :
       {ErrorClass::rejected_identifier, ErrorClass::caa, ErrorClass::user_action_required,
        ErrorClass::external_account_required, ErrorClass::rate_limited}) {
    EXPECT_EQ(delay(slow, 1), hours(1));
    EXPECT_EQ(delay(slow, 2), hours(6));
    EXPECT_EQ(delay(slow, 99), hours(24));
  }
}

TEST(NextAttemptDelay, IsNeverShorterThanTheServerSaid) {
  EXPECT_EQ(delay(ErrorClass::rate_limited, 1, seconds(117)), seconds(117));
  EXPECT_EQ(delay(ErrorClass::rate_limited, 9, hours(40)), hours(40));
  EXPECT_EQ(delay(ErrorClass::server_internal, 1, seconds(30)), seconds(30));
  EXPECT_EQ(delay(ErrorClass::unauthorized, 1, hours(2)), hours(2));
  EXPECT_EQ(delay(ErrorClass::caa, 1, seconds(5)), hours(1));
  for (const double chance : {0.0, 0.3, 0.999}) {
    EXPECT_GE(delay(ErrorClass::rate_limited, 1, seconds(600), chance), seconds(600));
  }
}

TEST(NextAttemptDelay, IsNeverShorterThanTheScheduleWhateverTheServerSaid) {
  for (const seconds asked : {seconds(0), seconds(1), seconds(17)}) {
    EXPECT_EQ(delay(ErrorClass::rate_limited, 1, asked), minutes(1));
    EXPECT_EQ(delay(ErrorClass::rate_limited, 3, asked), minutes(100));
    EXPECT_EQ(delay(ErrorClass::server_internal, 10, asked), seconds(1024));
  }
}

TEST(NextAttemptDelay, IsSpreadByUpToATenthAndAnHour) {
  EXPECT_EQ(delay(ErrorClass::unauthorized, 2, {}, 1), minutes(11));
  EXPECT_EQ(delay(ErrorClass::rate_limited, 1, 7 * kDay, 1), 7 * kDay + hours(1));
  EXPECT_EQ(delay(ErrorClass::unauthorized, 0, {}, 0), minutes(1));
}

constexpr const char* kWindow =
    R"({"suggestedWindow": {"start": "2026-01-02T00:00:00Z", "end": "2026-01-03T00:00:00Z"},
        "explanationURL": "https://ca.test/why"})";

TEST(ParseRenewalInfo, ReadsTheWindow) {
  const auto info = acme::parse_renewal_info(kWindow);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->window_start, kStart + kDay);
  EXPECT_EQ(info->window_end, kStart + 2 * kDay);
  EXPECT_EQ(info->explanation_url, "https://ca.test/why");
}

// RFC 9773 §4.2: then the client acts as if it had no answer.
TEST(ParseRenewalInfo, TakesAnEmptyOrReversedWindowForNoAnswer) {
  for (const char* end : {"2026-01-02T00:00:00Z", "2025-01-02T00:00:00Z"}) {
    const auto info = acme::parse_renewal_info(
        R"({"suggestedWindow": {"start": "2026-01-02T00:00:00Z", "end": ")" + std::string(end) +
        "\"}}");
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().kind, base::ErrorKind::protocol);
  }
}

TEST(ParseRenewalInfo, WhatExplainsItAndIsNoUrlIsLeftOut) {
  for (const char* text : {"javascript:alert(1)", "see below", "https://ca.test/\\u202ecod.exe",
                           "https://ca.test/\\u001b[2J"}) {
    const auto info = acme::parse_renewal_info(
        R"({"suggestedWindow": {"start": "2026-01-02T00:00:00Z", "end": "2026-01-03T00:00:00Z"},
            "explanationURL": ")" +
        std::string(text) + "\"}");
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->explanation_url, "") << text;
    EXPECT_EQ(info->window_start, kStart + kDay);
  }
}

TEST(ParseRenewalInfo, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> rows[] = {
      {"[]", "not a JSON object"},
      {"{}", "has no \"suggestedWindow\""},
      {R"({"suggestedWindow": 5})", "not an object"},
      {R"({"suggestedWindow": {}})", "lacks its start or end"},
      {R"({"suggestedWindow": {"start": "x", "end": "y"}})", "not an RFC 3339 time"},
  };
  for (const auto& [json, fault] : rows) {
    const auto info = acme::parse_renewal_info(json);
    ASSERT_FALSE(info) << json;
    EXPECT_THAT(info.error().message, HasSubstr(fault));
  }
}

// The example of RFC 9773 §4.1.
TEST(CertificateId, IsThatOfRfc9773) {
  base::CertificateInfo certificate;
  certificate.authority_key_id =
      "\x69\x88\x5B\x6B\x87\x46\x40\x41\xE1\xB3\x7B\x84\x7B\xA0\xAE\x2C\xDE\x01\xC8\xD4";
  certificate.serial_bytes = std::string("\x00\x87\x65\x43\x21", 5);
  EXPECT_EQ(acme::certificate_id(certificate).value(), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
}

TEST(CertificateId, NeedsAnAuthorityKeyIdentifier) {
  base::CertificateInfo certificate;
  certificate.serial_bytes = "\x01";
  EXPECT_FALSE(acme::certificate_id(certificate));
}

}  // namespace
