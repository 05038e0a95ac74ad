#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/annotations/catalogue.h"
#include "operator/ingress/annotations/route_policy.h"
#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

AnnotationMap nginx(std::initializer_list<std::pair<const std::string, std::string>> pairs) {
  AnnotationMap map;
  for (const auto& [key, value] : pairs) map[std::string(kNginxPrefix) + key] = value;
  return map;
}

TEST(AnnotationValues, BooleansAreTheSpellingsOfNginx) {
  for (const char* text : {"true", "True", "TRUE", "t", "T", "1", " true "}) {
    EXPECT_EQ(read_bool(text), true) << text;
  }
  for (const char* text : {"false", "False", "FALSE", "f", "F", "0"}) {
    EXPECT_EQ(read_bool(text), false) << text;
  }
  for (const char* text : {"", "yes", "on", "tRue", "2"}) {
    EXPECT_EQ(read_bool(text), std::nullopt) << text;
  }
}

TEST(AnnotationValues, SizesHaveTheUnitsOfNginx) {
  EXPECT_EQ(read_size("0"), 0u);
  EXPECT_EQ(read_size("1500"), 1500u);
  EXPECT_EQ(read_size("512k"), 512u << 10);
  EXPECT_EQ(read_size("8M"), 8u << 20);
  EXPECT_EQ(read_size("2g"), 2ull << 30);
  for (const char* text :
       {"", "m", "-1", "1mb", "1 m", "1.5m", "99999999999g", "99999999999999999999"}) {
    EXPECT_EQ(read_size(text), std::nullopt) << text;
  }
}

TEST(AnnotationValues, SecondsMayHaveAUnit) {
  using std::chrono::seconds;
  EXPECT_EQ(read_seconds("60"), seconds(60));
  EXPECT_EQ(read_seconds("90s"), seconds(90));
  EXPECT_EQ(read_seconds("5m"), seconds(300));
  EXPECT_EQ(read_seconds("1h"), seconds(3600));
  for (const char* text : {"", "s", "-5", "1d", "10ms", "9999999999999999999"}) {
    EXPECT_EQ(read_seconds(text), std::nullopt) << text;
  }
}

TEST(Catalogue, WhatKeepsPeopleOutClosesTheDoorWhenWeDoNotHonourIt) {
  for (const char* key :
       {"auth-url", "auth-type", "auth-tls-secret", "whitelist-source-range",
        "allowlist-source-range", "denylist-source-range", "satisfy", "limit-rps",
        "limit-connections", "configuration-snippet", "server-snippet", "enable-modsecurity",
        "rewrite-target", "use-regex", "permanent-redirect", "mirror-target", "fastcgi-index"}) {
    EXPECT_EQ(look_up(key).treatment, Treatment::guards) << key;
  }
}

TEST(Catalogue, WhatTunesIsOnlyReported) {
  for (const char* key : {"affinity", "proxy-buffering", "enable-cors", "ssl-passthrough",
                          "custom-http-errors", "x-forwarded-prefix", "service-upstream"}) {
    EXPECT_EQ(look_up(key).treatment, Treatment::tunes) << key;
  }
}

TEST(Catalogue, AMisspeltGuardIsStillAGuard) {
  for (const char* key : {"whitlist-source-range", "auth-urls", "allow-list", "limit_rps",
                          "my-snippet", "jwt-issuer"}) {
    EXPECT_EQ(look_up(key).treatment, Treatment::guards) << key;
  }
  EXPECT_EQ(look_up("proxy-bufering").treatment, Treatment::tunes);
}

TEST(RoutePolicy, NothingSaidIsNginxsDefaults) {
  const RoutePolicy policy = read_route_policy({{"example.com/auth-url", "not ours"}});
  EXPECT_THAT(policy.issues, IsEmpty());
  EXPECT_FALSE(policy.is_refused());
  EXPECT_EQ(policy.body_bytes_max, 1u << 20);
  EXPECT_EQ(policy.timeouts, (ProxyTimeouts{std::chrono::seconds(5), std::chrono::seconds(60),
                                            std::chrono::seconds(60)}));
  EXPECT_EQ(policy.redirect.where_certificate, std::nullopt);
  EXPECT_FALSE(policy.redirect.always);
}

TEST(RoutePolicy, ReadsWhatItHonours) {
  const RoutePolicy policy = read_route_policy(nginx({{"proxy-body-size", "8m"},
                                                      {"proxy-connect-timeout", "2"},
                                                      {"proxy-read-timeout", "3600"},
                                                      {"proxy-send-timeout", "120s"},
                                                      {"ssl-redirect", "false"},
                                                      {"force-ssl-redirect", "true"},
                                                      {"backend-protocol", "http"},
                                                      {"preserve-trailing-slash", "true"}}));
  EXPECT_THAT(policy.issues, IsEmpty());
  EXPECT_EQ(policy.body_bytes_max, 8u << 20);
  EXPECT_EQ(policy.timeouts, (ProxyTimeouts{std::chrono::seconds(2), std::chrono::seconds(3600),
                                            std::chrono::seconds(120)}));
  EXPECT_EQ(policy.redirect.where_certificate, false);
  EXPECT_TRUE(policy.redirect.always);
}

TEST(RoutePolicy, OurOwnPrefixCountsMoreThanNginxs) {
  const RoutePolicy policy =
      read_route_policy({{"gatehouse.dev/proxy-body-size", "2m"},
                         {"nginx.ingress.kubernetes.io/proxy-body-size", "9m"}});
  EXPECT_EQ(policy.body_bytes_max, 2u << 20);
}

TEST(RoutePolicy, AGuardIsNamedWithItsRemedy) {
  const RoutePolicy policy = read_route_policy(nginx({{"auth-url", "https://auth.example/"}}));
  EXPECT_TRUE(policy.is_refused());
  ASSERT_EQ(policy.issues.size(), 1u);
  EXPECT_EQ(policy.issues[0].name, "nginx.ingress.kubernetes.io/auth-url");
  EXPECT_THAT(policy.issues[0].remedy, HasSubstr("remove"));
}

TEST(RoutePolicy, AnUnknownKeyOfOursIsJudgedTheSameWay) {
  EXPECT_TRUE(read_route_policy({{"gatehouse.dev/auth-url", "x"}}).is_refused());
  EXPECT_FALSE(read_route_policy({{"gatehouse.dev/proxy-bufering", "x"}}).is_refused());
}

TEST(RoutePolicy, ASwitchThatIsOffAsksForNothing) {
  const RoutePolicy policy = read_route_policy(
      nginx({{"use-regex", "false"}, {"enable-modsecurity", "false"}, {"canary", "false"}}));
  EXPECT_THAT(policy.issues, IsEmpty());
  EXPECT_FALSE(policy.takes_no_part);
}

TEST(RoutePolicy, ABackendProtocolThatWeDoNotSpeakClosesTheDoor) {
  for (const char* protocol : {"HTTPS", "GRPC", "GRPCS", "FCGI", "nonsense"}) {
    EXPECT_TRUE(read_route_policy(nginx({{"backend-protocol", protocol}})).is_refused())
        << protocol;
  }
}

TEST(RoutePolicy, AValueThatCannotBeReadKeepsTheDefaultAndIsReported) {
  const RoutePolicy policy = read_route_policy(
      nginx({{"proxy-body-size", "lots"}, {"proxy-read-timeout", "0"}, {"ssl-redirect", "maybe"}}));
  EXPECT_FALSE(policy.is_refused());
  EXPECT_EQ(policy.body_bytes_max, kBodyBytesMaxDefault);
  EXPECT_EQ(policy.timeouts.read, std::chrono::seconds(60));
  EXPECT_THAT(policy.issues, ElementsAre(Field(&Issue::why, HasSubstr("maybe")),
                                         Field(&Issue::why, HasSubstr("lots")),
                                         Field(&Issue::why, HasSubstr("\"0\""))));
}

TEST(RoutePolicy, ATimeoutBeyondTheLimitIsTheLimit) {
  const RoutePolicy policy = read_route_policy(nginx({{"proxy-read-timeout", "999999999"}}));
  EXPECT_EQ(policy.timeouts.read, kTimeoutMax);
  EXPECT_EQ(policy.issues.size(), 1u);
}

TEST(RoutePolicy, ACanaryTakesNoPart) {
  const RoutePolicy policy =
      read_route_policy(nginx({{"canary", "true"}, {"canary-weight", "10"}}));
  EXPECT_TRUE(policy.takes_no_part);
  EXPECT_FALSE(policy.is_refused());
}

}  // namespace
}  // namespace ingress::annotations
