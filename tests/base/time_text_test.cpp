#include "base/time_text.h"

#include <gtest/gtest.h>

namespace base {
namespace {

using namespace std::chrono_literals;

WallTime at(std::int64_t seconds_since_epoch) {
  return WallTime(std::chrono::seconds(seconds_since_epoch));
}

TEST(TimeText, WritesRfc3339InUtc) {
  EXPECT_EQ(to_rfc3339(at(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(at(1'795'262'400)), "2026-11-21T12:00:00Z");
  EXPECT_EQ(to_rfc3339(at(1'795'262'400) + 999ms), "2026-11-21T12:00:00Z");
  EXPECT_EQ(to_rfc3339_micros(at(1'795'262'400) + 1500us), "2026-11-21T12:00:00.001500Z");
  EXPECT_EQ(to_rfc3339(at(-1)), "1969-12-31T23:59:59Z");
}

TEST(TimeText, ReadsRfc3339WithOffsetsAndFractions) {
  EXPECT_EQ(from_rfc3339("2026-11-21T12:00:00Z"), at(1'795'262'400));
  EXPECT_EQ(from_rfc3339("2026-11-21t12:00:00z"), at(1'795'262'400));
  EXPECT_EQ(from_rfc3339("2026-11-21T14:30:00+02:30"), at(1'795'262'400));
  EXPECT_EQ(from_rfc3339("2026-11-21T04:00:00-08:00"), at(1'795'262'400));
  EXPECT_EQ(from_rfc3339("2026-11-21T12:00:00.25Z"), at(1'795'262'400) + 250ms);
  EXPECT_EQ(from_rfc3339("2026-11-21T12:00:00.123456789Z"), at(1'795'262'400) + 123456us);
  EXPECT_TRUE(from_rfc3339("2028-02-29T00:00:00Z"));
}

TEST(TimeText, HoldsFarTimesWhereTheyCanBeReckonedWith) {
  EXPECT_EQ(from_rfc3339("0001-01-01T00:00:00Z"), kEarliestTime);
  EXPECT_EQ(from_rfc3339("1013-01-02T00:00:00Z"), kEarliestTime);
  EXPECT_EQ(from_rfc3339("9999-12-31T23:59:59Z"), kLatestTime);
  EXPECT_EQ(from_rfc3339("2200-07-01T00:00:00Z"), kLatestTime) << "what is written is read back";
  EXPECT_GT(*from_rfc3339("9999-12-31T23:59:59Z") - *from_rfc3339("0001-01-01T00:00:00Z"), 0s);
  EXPECT_GT(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", at(0)), 24h * 365);
  EXPECT_EQ(parse_retry_after("Sat, 01 Jan 0001 00:00:00 GMT", at(1'795'262'400)), 0s);
}

TEST(TimeText, RefusesWhatIsNotRfc3339) {
  for (const char* text : {"", "2026-11-21", "2026-11-21 12:00:00Z", "2026-11-21T12:00:00",
                           "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-21T24:00:00Z",
                           "2026-11-21T12:60:00Z", "2026-11-21T12:00:00.Z", "2026-11-21T12:00:00Zx",
                           "2026-11-21T12:00:00+2:00", "+026-11-21T12:00:00Z"}) {
    EXPECT_EQ(from_rfc3339(text), std::nullopt) << text;
  }
}

TEST(TimeText, ReadsRetryAfterInBothForms) {
  const WallTime now = at(784'111'777);  // Sun, 06 Nov 1994 08:49:37 GMT
  EXPECT_EQ(parse_retry_after("120", now), 120s);
  EXPECT_EQ(parse_retry_after("0", now), 0s);
  EXPECT_EQ(parse_retry_after(" 7 ", now), 7s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now), 60s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:07 GMT", now), 0s);
  for (const char* text :
       {"", "-1", "-99999999999999999999", "1.5", "soon", "Sun, 06 Nov 1994 08:50:37",
        "99999999999999999999x", "Sun, 31 Feb 1994 08:50:37 GMT"}) {
    EXPECT_EQ(parse_retry_after(text, now), std::nullopt) << text;
  }
}

TEST(TimeText, AVeryLongRetryAfterStillFitsATimePoint) {
  const WallTime now = at(1'795'262'400);
  EXPECT_GT(now + *parse_retry_after("9000000000000000000", now), now);
  EXPECT_EQ(parse_retry_after("99999999999999999999", now),
            parse_retry_after("9000000000000000000", now));
}

TEST(TimeText, ReadsGoDurations) {
  EXPECT_EQ(parse_go_duration("2160h"), 2160h);
  EXPECT_EQ(parse_go_duration("1h30m"), 90min);
  EXPECT_EQ(parse_go_duration("15s"), 15s);
  EXPECT_EQ(parse_go_duration("100ms"), 100ms);
  EXPECT_EQ(parse_go_duration("1.5h"), 90min);
  EXPECT_EQ(parse_go_duration("0"), 0ms);
  EXPECT_EQ(parse_go_duration("1m0.5s"), 60500ms);
  for (const char* text : {"", "15", "h", "-1h", "+", "1d", "1 h", "1h ", "1..5s", ".s", "1e3s",
                           "9999999999h", "nans", "infs"}) {
    EXPECT_EQ(parse_go_duration(text), std::nullopt) << text;
  }
}

TEST(TimeText, WritesGoDurationsAsGoDoes) {
  EXPECT_EQ(to_go_duration(2160h), "2160h0m0s");
  EXPECT_EQ(to_go_duration(90s), "1m30s");
  EXPECT_EQ(to_go_duration(5s), "5s");
  EXPECT_EQ(to_go_duration(0s), "0s");
  EXPECT_EQ(to_go_duration(-90s), "-1m30s");
}

}  // namespace
}  // namespace base
