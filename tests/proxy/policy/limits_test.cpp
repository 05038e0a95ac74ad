#include "proxy/policy/limits.h"

#include <gtest/gtest.h>

#include "proxy/config/limits.h"
#include "proxy/policy/guards.h"

namespace proxy::policy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

config::Limits of(const char* ingress) {
  config::Limits limits;
  limits.id = ingress;
  return limits;
}

config::Limits per_second(std::uint64_t count, std::uint64_t burst_multiplier = 1) {
  config::Limits limits = of("shop/www");
  limits.requests_per_second = count;
  limits.burst_multiplier = burst_multiplier;
  return limits;
}

class LimitsTest : public ::testing::Test {
 protected:
  Verdict ask(const Limits& limits, const char* address = "192.0.2.7") {
    CountedIn counted;
    return limits.enter(address, now, tables, counted);
  }
  int passing(const Limits& limits, const char* address = "192.0.2.7", int asked = 100) {
    int count = 0;
    for (int i = 0; i < asked; ++i) count += ask(limits, address).passes() ? 1 : 0;
    return count;
  }

  static Verdict check(const Guards& guards, const Asker& asker) {
    OpenQuestion question;
    std::string storage;
    return guards.check(asker, question, storage);
  }

  LimitTables tables;
  base::SteadyTime now{std::chrono::hours(1000)};
};

TEST_F(LimitsTest, ConnectionsAreCountedByTheSlash64OfIpv6AndByTheAddressOfIpv4) {
  std::vector<InFlight::Place> places;
  const auto enters = [&](const char* address) {
    places.push_back(enter_connection(address, 2, tables));
    return static_cast<bool>(places.back());
  };
  EXPECT_TRUE(enters("2001:db8:1:2::1"));
  EXPECT_TRUE(enters("2001:db8:1:2:ffff::9"));
  EXPECT_FALSE(enters("2001:db8:1:2::7"));
  EXPECT_TRUE(enters("2001:db8:1:3::1"));
  EXPECT_TRUE(enters("192.0.2.1"));
  EXPECT_TRUE(enters("192.0.2.1"));
  EXPECT_FALSE(enters("192.0.2.1"));
  EXPECT_TRUE(enters("192.0.2.2"));
  EXPECT_FALSE(enters("no address"));
  places.clear();
  EXPECT_TRUE(enters("192.0.2.1"));
}

TEST_F(LimitsTest, OfARateTheBurstPassesAtOnceAndThenTheRate) {
  const Limits limits(per_second(2, 5));
  EXPECT_EQ(passing(limits), 11);
  now += milliseconds(499);
  EXPECT_EQ(passing(limits), 0);
  now += milliseconds(1);
  EXPECT_EQ(passing(limits), 1);
  now += seconds(1);
  EXPECT_EQ(passing(limits), 2);
}

TEST_F(LimitsTest, WhoIsBeyondOneIsToldWhenToComeAgain) {
  config::Limits config = of("shop/www");
  config.requests_per_minute = 1;
  config.burst_multiplier = 1;
  const Limits limits(config);
  EXPECT_EQ(passing(limits), 2);
  now += milliseconds(17'500);
  const Verdict verdict = ask(limits);
  EXPECT_EQ(verdict.status, 503);
  EXPECT_EQ(verdict.reason, "rate_limited");
  EXPECT_EQ(verdict.retry_after, seconds(43));
}

TEST_F(LimitsTest, AllThatAreSetHoldAndWhatOneRefusesIsCountedByNone) {
  config::Limits config = per_second(10, 1);
  config.requests_per_minute = 15;
  const Limits limits(config);
  EXPECT_EQ(passing(limits), 11);
  // Refused by the second's limit: of the minute's 16 there are 5 left.
  now += seconds(1);
  EXPECT_EQ(passing(limits), 5);
}

TEST_F(LimitsTest, AClientIsAnIpv4AddressOrTheNetworkOfAnIpv6One) {
  const Limits limits(per_second(1));
  EXPECT_EQ(passing(limits, "192.0.2.7"), 2);
  EXPECT_EQ(passing(limits, "::ffff:192.0.2.7"), 0);
  EXPECT_EQ(passing(limits, "192.0.2.8"), 2);
  EXPECT_EQ(passing(limits, "2001:db8:0:1::1"), 2);
  EXPECT_EQ(passing(limits, "2001:db8:0:1:ffff:ffff:ffff:ffff"), 0);
  EXPECT_EQ(passing(limits, "2001:db8:0:2::1"), 2);
}

TEST_F(LimitsTest, WhoIsExemptIsNeverLimited) {
  config::Limits config = per_second(1);
  config.connections = 1;
  config.exempt = {*config::Network::parse("10.0.0.0/8")};
  const Limits limits(config);
  EXPECT_EQ(passing(limits, "10.1.2.3"), 100);
  EXPECT_EQ(passing(limits, "192.0.2.7"), 2);
  EXPECT_EQ(tables.in_flight.count(), 0u);
}

TEST_F(LimitsTest, RequestsUnderWayAreCountedUntilTheyEnd) {
  config::Limits config = of("shop/www");
  config.connections = 2;
  const Limits limits(config);
  CountedIn first, second, third;
  EXPECT_TRUE(limits.enter("192.0.2.7", now, tables, first).passes());
  EXPECT_TRUE(limits.enter("192.0.2.7", now, tables, second).passes());
  const Verdict verdict = limits.enter("192.0.2.7", now, tables, third);
  EXPECT_EQ(verdict.status, 503);
  EXPECT_EQ(verdict.reason, "connections_limited");
  EXPECT_EQ(verdict.retry_after, seconds(1));
  EXPECT_TRUE(ask(limits, "192.0.2.8").passes());
  first.leave();
  EXPECT_TRUE(limits.enter("192.0.2.7", now, tables, third).passes());
}

TEST_F(LimitsTest, ARequestThatIsAskedAboutAgainIsCountedOnce) {
  config::Limits config = per_second(1);
  config.connections = 1;
  const Limits limits(config);
  CountedIn counted;
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(limits.enter("192.0.2.7", now, tables, counted).passes());
  }
  // By a limit that has changed meanwhile it is.
  EXPECT_TRUE(Limits(per_second(1, 2)).enter("192.0.2.7", now, tables, counted).passes());
  EXPECT_EQ(tables.in_flight.count(), 1u);
  counted.leave();
  EXPECT_EQ(tables.in_flight.count(), 0u);
  EXPECT_EQ(passing(limits), 1);
  EXPECT_EQ(passing(Limits(per_second(1, 2))), 2);
}

TEST_F(LimitsTest, ARequestThatTheRateRefusesIsNotUnderWay) {
  config::Limits config = per_second(1);
  config.connections = 5;
  const Limits limits(config);
  EXPECT_EQ(passing(limits), 2);
  CountedIn counted;
  EXPECT_FALSE(limits.enter("192.0.2.7", now, tables, counted).passes());
  EXPECT_EQ(tables.in_flight.count(), 0u);
}

TEST_F(LimitsTest, TheNextConfigurationGoesOnWhereTheSameLimitWas) {
  EXPECT_EQ(passing(Limits(per_second(1))), 2);
  EXPECT_EQ(passing(Limits(per_second(1))), 0);
  config::Limits other_list = per_second(1);
  other_list.exempt = {*config::Network::parse("10.0.0.0/8")};
  EXPECT_EQ(passing(Limits(other_list)), 0);
  config::Limits another = per_second(1);
  another.id = "shop/api";
  EXPECT_EQ(passing(Limits(another)), 2);
  EXPECT_EQ(passing(Limits(per_second(3))), 4);
}

TEST_F(LimitsTest, EachProxyLetsItsShareOfTheEdgePassAndAtLeastOneRequest) {
  config::Limits config = per_second(10, 1);
  config.connections = 4;
  const Limits limits(config);
  tables.share_among(4);
  EXPECT_EQ(passing(limits), 3);  // of 11 at once
  now += milliseconds(399);
  EXPECT_EQ(passing(limits), 0);
  now += milliseconds(1);
  EXPECT_EQ(passing(limits), 1);
  now += seconds(10);
  CountedIn first, second;
  EXPECT_TRUE(limits.enter("192.0.2.7", now, tables, first).passes());
  EXPECT_FALSE(limits.enter("192.0.2.7", now, tables, second).passes());

  tables.share_among(100);
  EXPECT_EQ(passing(limits, "192.0.2.9"), 1);
  tables.share_among(0);  // nobody says how many there are
  EXPECT_EQ(passing(limits, "192.0.2.10"), 11);
}

TEST_F(LimitsTest, TheLargestNumbersAreNumbersLikeOthers) {
  config::Limits config = of("shop/www");
  config.burst_multiplier = config::kBurstMultiplierMax;
  config.requests_per_second = config::kRequestRateMax;
  config.requests_per_minute = config::kRequestRateMax;
  config.connections = config::kConnectionsLimitMax;
  for (const std::uint32_t proxies : {1u, 3u, 4'000'000'000u}) {
    tables.share_among(proxies);
    EXPECT_EQ(passing(Limits(config)), 100) << proxies;
    config::Limits slow = of("shop/slow");
    slow.requests_per_minute = 1;
    slow.burst_multiplier = config::kBurstMultiplierMax;
    EXPECT_EQ(passing(Limits(slow)), 100) << proxies;
  }
}

TEST_F(LimitsTest, AnAddressThatIsNoneDoesNotPass) {
  EXPECT_EQ(ask(Limits(per_second(1)), "").status, 503);
  EXPECT_EQ(ask(Limits(per_second(1)), "unix:").status, 503);
}

TEST_F(LimitsTest, TheAccessListIsAskedFirstAndWhoItKeepsOutIsNotCounted) {
  config::Guards config;
  config.denied = {*config::Network::parse("192.0.2.7")};
  config.limits = per_second(1);
  const Guards guards(config);
  CountedIn counted;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(
        check(guards, {.address = "192.0.2.7", .now = now, .limits = &tables, .counted = &counted})
            .status,
        403);
  }
  EXPECT_EQ(passing(Limits(*config.limits)), 2);
}

TEST_F(LimitsTest, WhoIsBeyondALimitIsNotAskedForAPassword) {
  config::Guards config;
  config.basic_auth = config::BasicAuth{"shop", {}};
  config.allowed = {*config::Network::parse("10.0.0.0/8")};
  config.limits = per_second(1);
  for (const bool satisfy_any : {false, true}) {
    config.satisfy_any = satisfy_any;
    config.limits->id = satisfy_any ? "shop/any" : "shop/all";
    const Guards guards(config);
    const auto status = [&](const char* address) {
      CountedIn counted;
      return check(guards, {.address = address, .now = now, .limits = &tables, .counted = &counted})
          .status;
    };
    EXPECT_EQ(status("10.0.0.1"), satisfy_any ? 0 : 401);
    EXPECT_EQ(status("10.0.0.1"), satisfy_any ? 0 : 401);
    EXPECT_EQ(status("10.0.0.1"), 503);
    // Kept out before, or let in by a password alone.
    EXPECT_EQ(status("192.0.2.7"), satisfy_any ? 401 : 403);
    EXPECT_EQ(status("192.0.2.7"), satisfy_any ? 401 : 403);
    EXPECT_EQ(status("192.0.2.7"), satisfy_any ? 503 : 403);
  }
}

TEST_F(LimitsTest, WithoutTablesNobodyPasses) {
  config::Guards config;
  config.limits = per_second(1);
  EXPECT_EQ(check(Guards(config), {.address = "192.0.2.7"}).reason, "guard_undecided");
}

}  // namespace
}  // namespace proxy::policy
