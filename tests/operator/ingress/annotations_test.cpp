#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/annotations/catalogue.h"
#include "operator/ingress/annotations/other_controllers.h"
#include "operator/ingress/annotations/route_policy.h"
#include "operator/ingress/annotations/values.h"
#include "tests/operator/ingress/nginx_annotations.h"

namespace ingress::annotations {
namespace {

using ingress_test::nginx;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(AnnotationValues, BooleansAreTheSpellingsOfNginx) {
  for (const char* text :
       {"true", "True", "TRUE", "t", "T", "1", " true ", "tRue", "on", "On", "ON"}) {
    EXPECT_EQ(read_bool(text), true) << text;
  }
  for (const char* text : {"false", "False", "FALSE", "f", "F", "0", "off", "OFF", " Off "}) {
    EXPECT_EQ(read_bool(text), false) << text;
  }
  for (const char* text : {"", "yes", "no", "2", "onn"}) {
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

TEST(AnnotationValues, WholeNumbersHaveNothingBesideThemButBlanks) {
  EXPECT_EQ(read_whole_number("0"), 0u);
  EXPECT_EQ(read_whole_number(" 100\n"), 100u);
  EXPECT_EQ(read_whole_number("100", 100), 100u);
  EXPECT_EQ(read_whole_number("101", 100), std::nullopt);
  for (const char* text : {"", " ", "-1", "+1", "1.5", "1 2", "5m", "99999999999999999999"}) {
    EXPECT_EQ(read_whole_number(text), std::nullopt) << text;
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

TEST(AnnotationValues, AListOfNetworksThatHoldsBothFamiliesWholeAdmitsEverybody) {
  for (const char* text :
       {"0.0.0.0/0,::/0", "::/0, 0.0.0.0/0", "0.0.0.0/0 ::/0", " 10.0.0.0/8,0.0.0.0/0,\n::/0,",
        "0.0.0.0/0,0::0/0", "10.0.0.0/0,2001:db8::/0"}) {
    EXPECT_TRUE(admits_everybody(text)) << text;
  }
  for (const char* text :
       {"", ",", "0.0.0.0/0", "::/0", "0.0.0.0,::", "0.0.0.0/0,::/1", "0.0.0.0/0,::/0,office",
        "0.0.0.0/0,::/00", "10.0.0.0/8,2001:db8::/32", "*", "all"}) {
    EXPECT_FALSE(admits_everybody(text)) << text;
  }
}

TEST(AnnotationValues, ZeroMayHaveAUnit) {
  for (const char* text : {"0", "00", " 0 ", "0k", "0r/s", "0ms"})
    EXPECT_TRUE(is_zero(text)) << text;
  for (const char* text : {"", "1", "01", "0 1", "0.5", "-0", "zero"}) {
    EXPECT_FALSE(is_zero(text)) << text;
  }
}

TEST(Catalogue, WhatKeepsPeopleOutClosesTheDoorWhenWeDoNotHonourIt) {
  for (const char* key : {"global-rate-limit-key", "auth-snippet", "blacklist-source-range",
                          "global-rate-limit", "configuration-snippet", "server-snippet",
                          "modsecurity-snippet", "stream-snippet", "fastcgi-index"}) {
    EXPECT_EQ(look_up(key).treatment, Treatment::guards) << key;
  }
}

TEST(Catalogue, WhatTunesIsOnlyReported) {
  for (const char* key : {"session-cookie-hash", "proxy-buffering", "enable-rewrite-log",
                          "proxy-buffer-size", "proxy-max-temp-file-size"}) {
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
  EXPECT_EQ(policy.timeouts, (routing::Timeouts{std::chrono::seconds(5), std::chrono::seconds(60),
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
  EXPECT_EQ(policy.timeouts, (routing::Timeouts{std::chrono::seconds(2), std::chrono::seconds(3600),
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
  const RoutePolicy policy = read_route_policy(nginx({{"global-rate-limit-key", "$remote_addr"}}));
  EXPECT_TRUE(policy.is_refused());
  ASSERT_EQ(policy.issues.size(), 1u);
  EXPECT_EQ(policy.issues[0].name, "nginx.ingress.kubernetes.io/global-rate-limit-key");
  EXPECT_THAT(policy.issues[0].remedy, HasSubstr("remove"));
}

TEST(RoutePolicy, AnUnknownKeyOfOursIsJudgedTheSameWay) {
  EXPECT_TRUE(read_route_policy({{"gatehouse.dev/auth-uri", "x"}}).is_refused());
  EXPECT_FALSE(read_route_policy({{"gatehouse.dev/proxy-bufering", "x"}}).is_refused());
}

TEST(Rewrite, ATargetIsAPathWithGroupsAndMakesExpressions) {
  const std::pair<std::string, std::string> rows[] = {
      {"/", "/"},
      {"/$2", "/$2"},
      {" /$1/$9 ", "/$1/$9"},
      {"$1", "/$1"},
      {"app/$1", "/app/$1"},
      {"/i.php?p=$1", "/i.php?p=$1"},
      {"/a b", "/a%20b"},
      {"/caf\xc3\xa9", "/caf%C3%A9"},
      {"/%7Eme", "/~me"},
  };
  for (const auto& [value, expected] : rows) {
    const RoutePolicy policy = read_route_policy(nginx({{"rewrite-target", value}}));
    EXPECT_THAT(policy.issues, IsEmpty()) << value;
    EXPECT_EQ(policy.rewrite.target, expected);
    EXPECT_TRUE(policy.rewrite.uses_expressions);
  }
}

TEST(Rewrite, OneThatCannotBeMadeClosesTheDoor) {
  for (const char* value :
       {"https://new.example/$1", "/$request_uri", "/$0", "/a$", "/${1}", "/../secret",
        "/a/%2e%2e/b", "/%zz", "/%00", "/a#b", "/a?b c", "/a\nb"}) {
    EXPECT_TRUE(read_route_policy(nginx({{"rewrite-target", value}})).is_refused()) << value;
  }
  EXPECT_TRUE(read_route_policy(nginx({{"use-regex", "maybe"}})).is_refused());
}

TEST(Redirection, OneThatCannotBeMadeClosesTheDoor) {
  for (const char* key : {"permanent-redirect", "temporal-redirect"}) {
    for (const char* value : {"https://", "new.example", "//new.example", "javascript:alert(1)",
                              "https://new.example/$cookie_x", "https://a b/", "https://a\r\nb",
                              "https://new.example/$1", "https://\xc3\xa9.example/"}) {
      EXPECT_TRUE(read_route_policy(nginx({{key, value}})).is_refused()) << key << " " << value;
    }
  }
  EXPECT_FALSE(read_route_policy(nginx({{"app-root", "https://a.example/"}})).is_refused());
}

TEST(Capitals, AGuardThatIsWrittenWithThemClosesAndATuningWordIsTold) {
  const auto read = [](const std::string& name, const std::string& value) {
    return read_route_policy({{name, value}});
  };
  for (const char* name :
       {"nginx.ingress.kubernetes.io/Auth-Url", "NGINX.ingress.kubernetes.io/auth-url",
        "Gatehouse.dev/whitelist-source-range", "gatehouse.dev/AUTH-TYPE",
        "nginx.ingress.kubernetes.io/Some-Auth-Key"}) {
    const RoutePolicy policy = read(name, "10.0.0.0/8");
    EXPECT_TRUE(policy.is_refused()) << name;
    ASSERT_EQ(policy.issues.size(), 1u) << name;
  }
  const RoutePolicy tuned = read("nginx.ingress.kubernetes.io/Proxy-Body-Size", "8m");
  EXPECT_FALSE(tuned.is_refused());
  EXPECT_EQ(tuned.issues.size(), 1u);
  EXPECT_TRUE(read("Example.com/Auth-Url", "x").issues.empty());
}

TEST(Redirection, ACodeThatIsNoneLeavesTheUsualOne) {
  for (const char* code : {"200", "304", "309", "abc", "301x"}) {
    const RoutePolicy policy = read_route_policy(
        nginx({{"permanent-redirect", "https://a.example/"}, {"permanent-redirect-code", code}}));
    EXPECT_FALSE(policy.is_refused());
    EXPECT_EQ(policy.issues.size(), 1u) << code;
    EXPECT_EQ(policy.redirections.of_all->status, 301);
  }
}

TEST(RoutePolicy, ASwitchThatIsOffAsksForNothing) {
  const RoutePolicy policy = read_route_policy(
      nginx({{"use-regex", "false"}, {"enable-modsecurity", "false"}, {"canary", "false"}}));
  EXPECT_THAT(policy.issues, IsEmpty());
  EXPECT_FALSE(policy.canary);
}

TEST(RoutePolicy, WhatAsksForNothingGuardsNothingAndIsNotReported) {
  const std::pair<std::string, std::string> nothing[] = {
      // cert-manager's own solver Ingress.
      {"whitelist-source-range", "0.0.0.0/0,::/0"},
      {"allowlist-source-range", "::/0, 0.0.0.0/0"},
      {"whitelist-source-range", ""},
      {"denylist-source-range", ""},
      {"auth-url", ""},
      {"auth-type", " "},
      {"auth-secret", ""},
      {"configuration-snippet", "\n"},
      {"rewrite-target", ""},
      {"permanent-redirect", ""},
      {"backend-protocol", ""},
      {"proxy-body-size", ""},
      {"proxy-read-timeout", ""},
      {"ssl-redirect", ""},
      {"canary", ""},
      {"affinity", ""},
      {"auth-tls-verify-client", "off"},
      {"proxy-ssl-verify", "off"},
      {"proxy-ssl-server-name", "Off"},
      {"mirror-request-body", "off"},
      {"use-regex", "OFF"},
      {"enable-modsecurity", "0"},
      {"firewall-mode", "off"},
      {"limit-rps", "0"},
      {"limit-connections", "0"},
      {"limit-rate", "0k"},
      {"limit-rps", "off"},
      {"limit-rps", "false"},
      {"limit-rpm", "Off"},
      {"limit-connections", "off"},
      {"limit-rate", "off"},
      {"limit-rate-after", "false"},
      {"limit-burst-multiplier", "0"},
      {"limit-burst-multiplier", "off"},
      {"limit-allowlist", "off"},
      {"global-rate-limit", "0"},
      {"global-rate-limit-window", "0s"},
      {"permanent-redirect", "off"},
      {"temporal-redirect", "false"},
      {"fixed-answer", "off"},
      {"satisfy", "off"},
      {"backend-protocol", "off"},
      {"proxy-ssl-protocols", "off"},
      {"proxy-ssl-verify-depth", "off"},
      {"proxy-protocol-to-backend", "off"},
      {"firewall-mode", "false"},
      {"firewall-response-body-access", "off"},
      {"firewall-excluded-rules", "0"},
      {"proxy-buffering", "off"},
      {"proxy-buffer-size", "8k"},
      {"proxy-buffer-size", "32768"},
      {"proxy-http-version", "1.1"},
      {"auth-enabled", "false"},  // nobody knows this key
      {"x-limit", "0r/s"},        // nor this one
  };
  for (const auto& [key, value] : nothing) {
    const RoutePolicy policy = read_route_policy(nginx({{key, value}}));
    EXPECT_THAT(policy.issues, IsEmpty()) << key << ": " << value;
    EXPECT_FALSE(policy.is_refused()) << key << ": " << value;
    EXPECT_FALSE(policy.canary) << key << ": " << value;
  }
}

// A reader and the table say the same of a value. Whoever has one more key decides here whether
// "off" closes an Ingress: it does where that is a name like another, a list that lets somebody in,
// or nothing that ingress-nginx serves either.
TEST(RoutePolicy, OfWhatIsHonouredAWordThatSaysNoClosesOnlyTheseDoors) {
  std::vector<std::string> closing;
  for (const CatalogueEntry& entry : catalogue()) {
    if (entry.treatment != Treatment::honoured) continue;
    for (const char* const value : {"off", "false", "0"}) {
      const bool is_refused =
          read_route_policy(nginx({{std::string(entry.key), value}})).is_refused();
      if (asks_for_nothing(entry, value)) {
        EXPECT_FALSE(is_refused) << entry.key << ": " << value;
      } else if (is_refused && value == std::string_view("off")) {
        closing.emplace_back(entry.key);
      }
    }
  }
  EXPECT_THAT(closing, ElementsAre("allowlist-source-range", "denylist-source-range", "plain-http",
                                   "proxy-ssl-ciphers", "tls-policy", "whitelist-source-range"));
}

TEST(RoutePolicy, MoreRoomForTheHeadOfAResponseThanThereIsIsReportedWithWhatBecomesOfOne) {
  for (const char* const size : {"33k", "128k", "lots"}) {
    const RoutePolicy policy = read_route_policy(nginx({{"proxy-buffer-size", size}}));
    ASSERT_THAT(policy.issues, testing::SizeIs(1)) << size;
    EXPECT_FALSE(policy.is_refused()) << size;
    EXPECT_THAT(policy.issues.front().remedy, HasSubstr("upstream_head_too_large"));
  }
}

TEST(RoutePolicy, WhatNamesSomethingGuardsWhateverItNames) {
  const std::pair<std::string, std::string> something[] = {
      {"blacklist-source-range", "0.0.0.0/0,::/0"},
      {"auth-snippet", "false"},
      {"configuration-snippet", "0"},
      {"limit-rate", "a little"},
  };
  for (const auto& [key, value] : something) {
    EXPECT_TRUE(read_route_policy(nginx({{key, value}})).is_refused()) << key << ": " << value;
  }
}

// Whoever honours one more key decides here whether it closes an Ingress that has it below another
// controller's prefix; what asks who somebody is, or limits him, does.
TEST(OtherControllers, OfWhatIsHonouredHereOnlyWhatKeepsSomebodyOutClosesTheDoorThere) {
  std::vector<std::string> closing;
  for (const CatalogueEntry& entry : catalogue()) {
    const bool is_of_guards = entry.key.starts_with("auth-") || entry.key.starts_with("limit-") ||
                              entry.key.starts_with("proxy-ssl-") ||
                              entry.key.starts_with("firewall-") ||
                              entry.key.starts_with("enable-owasp-") ||
                              entry.key.find("modsecurity") != std::string_view::npos;
    if (entry.treatment != Treatment::honoured || is_of_guards) continue;
    // None of its own table has a key of this prefix.
    const auto other = look_up_other("higress.io/" + std::string(entry.key));
    ASSERT_TRUE(other);
    if (other->treatment == Treatment::guards) closing.emplace_back(entry.key);
  }
  EXPECT_THAT(closing, testing::ElementsAre("allowlist-source-range", "denylist-source-range",
                                            "enable-global-auth", "permanent-redirect",
                                            "rewrite-target", "satisfy", "temporal-redirect",
                                            "use-regex", "whitelist-source-range"));
}

TEST(OtherControllers, ACookieThatIsSecureKeepsNobodyOut) {
  for (const char* name :
       {"traefik.ingress.kubernetes.io/session-cookie-secure", "haproxy.org/cookie-secure",
        "haproxy-ingress.github.io/session-cookie-secure", "konghq.com/session_cookie_secure",
        "higress.io/session-cookie-secure", "ingress.kubernetes.io/session-cookie-secure",
        "haproxy.org/secret-template"}) {
    const auto entry = look_up_other(name);
    ASSERT_TRUE(entry) << name;
    EXPECT_EQ(entry->treatment, Treatment::tunes) << name;
  }
  EXPECT_EQ(look_up("session-cookie-secured").treatment, Treatment::guards);
  EXPECT_EQ(look_up("cookie-secure-allow-list").treatment, Treatment::guards);
}

TEST(OtherControllers, TheirGuardsCloseTheDoor) {
  const std::pair<std::string, std::string> guards[] = {
      {"traefik.ingress.kubernetes.io/router.middlewares", "default-auth@kubernetescrd"},
      {"traefik.ingress.kubernetes.io/router.entrypoints", "internal"},
      {"traefik.ingress.kubernetes.io/router.entrypoints", "websecure,internal"},
      {"traefik.ingress.kubernetes.io/router.tls.options", "default-mtls@kubernetescrd"},
      {"traefik.ingress.kubernetes.io/whitelist-source-range", "10.0.0.0/8"},
      {"haproxy.org/allow-list", "10.0.0.0/8"},
      {"haproxy.org/whitelist", "10.0.0.0/8"},
      {"haproxy.org/deny-list", "0.0.0.0/0,::/0"},
      {"haproxy.org/auth-type", "basic-auth"},
      {"haproxy.org/client-ca", "default/ca"},
      {"haproxy-ingress.github.io/allowlist-source-range", "10.0.0.0/8"},
      {"haproxy-ingress.github.io/auth-url", "http://auth"},
      {"haproxy-ingress.github.io/oauth", "oauth2_proxy"},
      {"haproxy-ingress.github.io/waf", "modsecurity"},
      {"haproxy-ingress.github.io/path-type", "regex"},
      {"konghq.com/plugins", "key-auth"},
      {"konghq.com/methods", "GET"},
      {"plugins.konghq.com", "key-auth"},
      {"nginx.org/basic-auth-secret", "users"},
      {"nginx.org/policies", "allow-office"},
      {"nginx.com/jwt-key", "jwk"},
      {"appprotect.f5.com/app-protect-enable", "True"},
      {"alb.ingress.kubernetes.io/auth-type", "oidc"},
      {"alb.ingress.kubernetes.io/inbound-cidrs", "10.0.0.0/8"},
      {"alb.ingress.kubernetes.io/inbound-cidrs", "::/0"},
      {"alb.ingress.kubernetes.io/scheme", "internal"},
      {"alb.ingress.kubernetes.io/wafv2-acl-arn", "arn:aws:wafv2:x"},
      {"alb.ingress.kubernetes.io/mutual-authentication", "[{}]"},
      {"alb.ingress.kubernetes.io/conditions.web", "[{}]"},
      {"alb.ingress.kubernetes.io/security-groups", "sg-1"},
      {"appgw.ingress.kubernetes.io/waf-policy-for-path", "/subscriptions/x"},
      {"appgw.ingress.kubernetes.io/use-private-ip", "true"},
      {"ingress.kubernetes.io/whitelist-source-range", "10.0.0.0/8"},
      {"ingress.kubernetes.io/auth-url", "http://auth"},
      {"ingress.kubernetes.io/auth-tls-secret", "default/ca"},
      {"haproxy.router.openshift.io/ip_whitelist", "10.0.0.0/8"},
      {"k8s.apisix.apache.org/blocklist-source-range", "10.0.0.0/8"},
      {"ingress.pomerium.io/policy", "[]"},
      {"zalando.org/skipper-filter", "oauthTokeninfoAnyScope(\"x\")"},
      // In no table.
      {"traefik.ingress.kubernetes.io/router.ipallowlist", "10.0.0.0/8"},
      {"nginx.org/oidc-client", "x"},
      // Honoured below our own prefix and ingress-nginx's.
      {"higress.io/auth-secret", "x"},
      {"higress.io/auth-type", "basic"},
      {"mse.ingress.kubernetes.io/whitelist-source-range", "10.0.0.0/8"},
      {"haproxy-ingress.github.io/denylist-source-range", "10.0.0.0/8"},
      {"ingress.kubernetes.io/rewrite-target", "/x"},
      {"higress.io/use-regex", "true"},
      {"higress.io/satisfy", "any"},
  };
  for (const auto& [name, value] : guards) {
    const RoutePolicy policy = read_route_policy({{name, value}});
    EXPECT_TRUE(policy.is_refused()) << name << ": " << value;
    ASSERT_EQ(policy.issues.size(), 1u) << name;
    EXPECT_EQ(policy.issues[0].name, name);
    EXPECT_NE(policy.issues[0].remedy, "") << name;
  }
}

TEST(OtherControllers, WhatStandsThereAgainInOurWordsIsHonouredOnce) {
  const auto issues = [](const std::string& old_value, const std::string& new_value) {
    return read_route_policy({{"ingress.kubernetes.io/whitelist-source-range", old_value},
                              {"nginx.ingress.kubernetes.io/whitelist-source-range", new_value}})
        .issues.size();
  };
  EXPECT_EQ(issues("10.0.0.0/8", "10.0.0.0/8"), 0u);
  EXPECT_EQ(issues("192.0.2.1", "10.0.0.0/8"), 1u);
}

TEST(OtherControllers, WhatTunesIsNamedAndServed) {
  for (const char* name :
       {"traefik.ingress.kubernetes.io/router.priority",
        "traefik.ingress.kubernetes.io/router.tls.domains.0.main", "haproxy.org/timeout-server",
        "haproxy-ingress.github.io/balance-algorithm", "konghq.com/preserve-host",
        // What waits for a Pod with its hands full, nobody is kept out.
        "haproxy.org/pod-maxconn", "haproxy.router.openshift.io/pod-concurrent-connections",
        "nginx.org/proxy-read-timeout", "alb.ingress.kubernetes.io/target-type",
        "appgw.ingress.kubernetes.io/request-timeout", "ingress.kubernetes.io/url-map",
        "kubernetes.io/ingress.global-static-ip-name", "networking.gke.io/managed-certificates",
        "ingress.kubernetes.io/ssl-redirect", "konghq.com/nobody-knows"}) {
    const RoutePolicy policy = read_route_policy({{name, "x"}});
    EXPECT_FALSE(policy.is_refused()) << name;
    EXPECT_EQ(policy.issues.size(), 1u) << name;
  }
}

TEST(OtherControllers, TheirDefaultsAskForNothing) {
  const std::pair<std::string, std::string> nothing[] = {
      {"traefik.ingress.kubernetes.io/router.entrypoints", "web, websecure"},
      {"traefik.ingress.kubernetes.io/router.pathmatcher", "PathPrefix"},
      {"traefik.ingress.kubernetes.io/router.middlewares", ""},
      {"haproxy.org/allow-list", "0.0.0.0/0, ::/0"},
      {"alb.ingress.kubernetes.io/target-type", "ip"},
      {"haproxy.org/server-ssl", "false"},
      {"haproxy.org/rate-limit-requests", "0"},
      {"haproxy-ingress.github.io/path-type", "Prefix"},
      {"haproxy-ingress.github.io/waf-mode", "off"},
      {"konghq.com/strip-path", "false"},
      {"alb.ingress.kubernetes.io/auth-type", "none"},
      {"alb.ingress.kubernetes.io/scheme", "internet-facing"},
      {"alb.ingress.kubernetes.io/inbound-cidrs", "0.0.0.0/0,::/0"},
      {"alb.ingress.kubernetes.io/inbound-cidrs", "0.0.0.0/0"},  // of a load balancer for IPv4
      {"appprotect.f5.com/app-protect-enable", "False"},
      {"k8s.apisix.apache.org/upstream-scheme", "http"},
      {"haproxy.router.openshift.io/ip_whitelist", "0.0.0.0/0 ::/0"},
      {"ingress.kubernetes.io/whitelist-source-range", "0.0.0.0/0,::/0"},
      {"kubernetes.io/ingress.allow-http", "true"},
      // Not an ingress controller's.
      {"kubernetes.io/ingress.class", "gatehouse"},
      {"kubernetes.io/tls-acme", "true"},
      {"cert-manager.io/cluster-issuer", "le"},
      {"external-dns.alpha.kubernetes.io/hostname", "a.example"},
      {"kubectl.kubernetes.io/last-applied-configuration", "{\"auth\": 1}"},
      {"meta.helm.sh/release-name", "x"},
      {"example.com/auth-url", "x"},
  };
  for (const auto& [name, value] : nothing) {
    EXPECT_THAT(read_route_policy({{name, value}}).issues, IsEmpty()) << name << ": " << value;
  }
}

TEST(RoutePolicy, ASwitchIsReadInNginxsOwnSpelling) {
  const RoutePolicy policy =
      read_route_policy(nginx({{"ssl-redirect", "off"}, {"force-ssl-redirect", "On"}}));
  EXPECT_EQ(policy.redirect.where_certificate, false);
  EXPECT_TRUE(policy.redirect.always);
  EXPECT_TRUE(read_route_policy(nginx({{"canary", "on"}})).canary);
  EXPECT_TRUE(read_route_policy(nginx({{"use-regex", "ON"}})).rewrite.uses_expressions);
}

TEST(RoutePolicy, ABackendProtocolThatWeDoNotSpeakClosesTheDoor) {
  for (const char* protocol : {"FCGI", "AJP", "GRPC-WEB", "nonsense"}) {
    EXPECT_TRUE(read_route_policy(nginx({{"backend-protocol", protocol}})).is_refused())
        << protocol;
  }
}

TEST(RoutePolicy, HttpsToBackendsIsReadWithWhomToTrust) {
  const RoutePolicy policy = read_route_policy(nginx({{"backend-protocol", "https"},
                                                      {"proxy-ssl-secret", "shop/backend"},
                                                      {"proxy-ssl-verify", "on"},
                                                      {"proxy-ssl-name", "backend.internal"},
                                                      {"proxy-ssl-server-name", "on"},
                                                      {"proxy-ssl-verify-depth", "2"}}));
  EXPECT_THAT(policy.issues, IsEmpty());
  EXPECT_EQ(policy.backend, (routing::BackendProtocol{.tls = true,
                                                      .secret = "shop/backend",
                                                      .verify = true,
                                                      .name = "backend.internal",
                                                      .sends_name = true,
                                                      .verify_depth = 2}));
  EXPECT_EQ(read_route_policy(nginx({{"backend-protocol", "HTTP"}})).backend.tls, false);
  EXPECT_EQ(read_route_policy(nginx({{"backend-protocol", "AUTO_HTTP"}})).backend.tls,
            std::nullopt);
}

TEST(RoutePolicy, AConfigMapOfAuthoritiesIsNamedToVerifyBy) {
  const auto read = [](std::initializer_list<std::pair<const std::string, std::string>> pairs) {
    return read_route_policy(nginx(pairs));
  };
  const RoutePolicy named = read({{"proxy-ssl-configmap", "trust"}});
  EXPECT_THAT(named.issues, IsEmpty());
  EXPECT_EQ(named.backend.config_map, "trust");
  EXPECT_TRUE(named.backend.verify);
  EXPECT_TRUE(named.backend.needs_tls());
  EXPECT_THAT(read({{"proxy-ssl-configmap", "trust"}, {"proxy-ssl-verify", "on"}}).issues,
              IsEmpty());
  EXPECT_TRUE(read({{"proxy-ssl-configmap", "trust"}, {"proxy-ssl-verify", "off"}}).is_refused());
  EXPECT_FALSE(read({{"proxy-ssl-configmap", ""}}).backend.verify);
}

TEST(RoutePolicy, VersionsOfTlsToBackendsAreThoseThatAreSpoken) {
  const auto read = [](const std::string& versions) {
    return read_route_policy(
        nginx({{"backend-protocol", "HTTPS"}, {"proxy-ssl-protocols", versions}}));
  };
  for (const char* const both : {"TLSv1.2 TLSv1.3", "TLSv1 TLSv1.1 TLSv1.2", "tlsv1.2"}) {
    EXPECT_THAT(read(both).issues, IsEmpty()) << both;
    EXPECT_FALSE(read(both).backend.tls13_only) << both;
  }
  EXPECT_THAT(read("TLSv1.3").issues, IsEmpty());
  EXPECT_TRUE(read("TLSv1.3").backend.tls13_only);
  EXPECT_TRUE(read("TLSv1.3").backend.needs_tls());
  EXPECT_THAT(read("TLSv1.1").issues, testing::SizeIs(1));
  EXPECT_FALSE(read("TLSv1.1").is_refused()) << "it guards nothing";
}

TEST(RoutePolicy, CiphersToBackendsAreWhatOpensslMakesOfThem) {
  const auto read = [](const std::string& ciphers) {
    return read_route_policy(
        nginx({{"backend-protocol", "HTTPS"}, {"proxy-ssl-ciphers", ciphers}}));
  };
  EXPECT_THAT(read("HIGH:!MD5").issues, IsEmpty());
  EXPECT_EQ(read("HIGH:!MD5").backend.ciphers, "HIGH:!MD5");
  EXPECT_TRUE(read("HIGH:!MD5").backend.needs_tls());
  for (const char* const usual : {"DEFAULT", " default ", ""}) {
    EXPECT_THAT(read(usual).issues, IsEmpty()) << usual;
    EXPECT_EQ(read(usual).backend.ciphers, "") << usual;
  }
  const std::string too_long(2'000, 'A');
  for (const std::string& broken : {std::string("NONSENSE"), std::string("aNULL"), too_long}) {
    EXPECT_TRUE(read(broken).is_refused()) << broken;
  }
}

TEST(RoutePolicy, GrpcToBackendsIsHttp2PlainOrInTls) {
  const RoutePolicy plain = read_route_policy(nginx({{"backend-protocol", "grpc"}}));
  EXPECT_THAT(plain.issues, IsEmpty());
  EXPECT_EQ(plain.backend, (routing::BackendProtocol{.tls = false, .http2 = true}));
  EXPECT_EQ(read_route_policy(nginx({{"backend-protocol", "GRPCS"}})).backend,
            (routing::BackendProtocol{.tls = true, .http2 = true}));
}

TEST(RoutePolicy, WhatIsSaidAboutTrustInBackendsAndCannotBeReadClosesTheDoor) {
  const std::pair<std::string, std::string> unreadable[] = {
      {"proxy-ssl-verify", "maybe"},
      {"proxy-ssl-verify", "on"},  // by whom?
      {"proxy-ssl-server-name", "backend.internal"},
      {"proxy-ssl-name", "a name"},
      {"proxy-ssl-verify-depth", "deep"},
      {"proxy-ssl-verify-depth", "101"},
      {"proxy-ssl-verify-depth", "-1"},
      {"proxy-ssl-protocols", "TLSv1.4"},
      {"proxy-ssl-protocols", "TLSv1.2,TLSv1.3"},
      {"proxy-ssl-ciphers", "DEFAULT@SECLEVEL=0"},
  };
  for (const auto& [key, value] : unreadable) {
    EXPECT_TRUE(
        read_route_policy(nginx({{"backend-protocol", "HTTPS"}, {key, value}})).is_refused())
        << key << ": " << value;
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

TEST(RoutePolicy, ACanaryIsNoIngressOfItsOwn) {
  const RoutePolicy policy =
      read_route_policy(nginx({{"canary", "true"}, {"canary-weight", "10"}}));
  EXPECT_TRUE(policy.canary);
  EXPECT_THAT(policy.issues, IsEmpty());
  EXPECT_FALSE(policy.is_refused());
}

TEST(RoutePolicy, RequestBufferingIsOnOffOrUnsaid) {
  const struct {
    const char* value;
    std::optional<bool> buffers;
    std::size_t issues;
  } table[] = {
      {"on", true, 0}, {"off", false, 0}, {"true", true, 0}, {"false", false, 0}, {"maybe", {}, 1},
  };
  for (const auto& row : table) {
    const RoutePolicy policy =
        read_route_policy({{"nginx.ingress.kubernetes.io/proxy-request-buffering", row.value}});
    EXPECT_EQ(policy.buffers_request, row.buffers) << row.value;
    EXPECT_EQ(policy.issues.size(), row.issues) << row.value;
  }
  EXPECT_FALSE(read_route_policy({}).buffers_request);
}

}  // namespace
}  // namespace ingress::annotations
