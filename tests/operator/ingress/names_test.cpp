#include <gtest/gtest.h>

#include "operator/ingress/host_name.h"
#include "operator/ingress/route_path.h"

namespace ingress {
namespace {

TEST(ConfigHost, IsLowerCaseWithoutATrailingDot) {
  EXPECT_EQ(config_host("Shop.Example"), "shop.example");
  EXPECT_EQ(config_host("shop.example."), "shop.example");
  EXPECT_EQ(config_host("*.Shop.example"), "*.shop.example");
  EXPECT_EQ(config_host("localhost"), "localhost");
  EXPECT_EQ(config_host("my_app.example"), "my_app.example");
  EXPECT_EQ(config_host(""), "");
}

TEST(ConfigHost, RefusesWhatNoClientCouldName) {
  for (const char* host :
       {"*", "*.", ".", "a..b", "*.*.example", "a.*.example", "shop example", "shop.example:80",
        "-a.example", "a-.example", "192.0.2.1", "ex\xc3\xa4mple", "a/b", "a\nb"}) {
    EXPECT_EQ(config_host(host), std::nullopt) << host;
  }
  EXPECT_EQ(config_host(std::string(64, 'a') + ".example"), std::nullopt);
  EXPECT_EQ(config_host(std::string(254, 'a')), std::nullopt);
}

TEST(CoveringWildcard, StandsForTheLeftMostLabelOnly) {
  EXPECT_EQ(covering_wildcard("a.b.example"), "*.b.example");
  EXPECT_EQ(covering_wildcard("*.b.example"), "");
  EXPECT_EQ(covering_wildcard("localhost"), "");
  EXPECT_EQ(covering_wildcard(""), "");
}

TEST(RoutePath, IsSpelledAsANormalisedRequestPathIs) {
  EXPECT_EQ(route_path("/"), "/");
  EXPECT_EQ(route_path("/foo/"), "/foo/");
  EXPECT_EQ(route_path("/a%62c%7e"), "/abc~");
  EXPECT_EQ(route_path("/a%2fb"), "/a%2Fb");
  EXPECT_EQ(route_path("/caf\xc3\xa9 x"), "/caf%C3%A9%20x");
  EXPECT_EQ(route_path("/a//b"), "/a//b");
  EXPECT_EQ(route_path("/.well-known/x"), "/.well-known/x");
}

TEST(RoutePath, RefusesWhatNoNormalisedPathCanEqual) {
  for (const char* path : {"", "foo", "/../x", "/a/./b", "/a/..", "/%2e%2e/x", "/%zz", "/%2",
                           "/a%00b", "/a\x01", "/a%0d"}) {
    EXPECT_EQ(route_path(path), std::nullopt) << path;
  }
  EXPECT_EQ(route_path("/" + std::string(4096, 'a')), std::nullopt);
}

TEST(LiteralStart, IsWhatARegularExpressionMustBeginWith) {
  EXPECT_EQ(literal_start("/api(/|$)(.*)"), "/api");
  EXPECT_EQ(literal_start("/admin.*"), "/admin");
  EXPECT_EQ(literal_start("^/v1.0/users?"), "/v1.0/user");
  EXPECT_EQ(literal_start("/plain"), "/plain");
  EXPECT_EQ(literal_start("(.*)"), "/");
}

TEST(LiteralStart, OfEachAlternativeIsFound) {
  using Starts = std::vector<std::string>;
  EXPECT_EQ(literal_starts("/plain"), Starts({"/plain"}));
  EXPECT_EQ(literal_starts("/admin(/|$).*|^/secret|/c[|]"), Starts({"/admin", "/secret", "/c"}));
  EXPECT_EQ(literal_starts("/(a|b)"), Starts({"/"}));
}

}  // namespace
}  // namespace ingress
