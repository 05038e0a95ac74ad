#include "operator/ingress/route_path.h"

#include <gtest/gtest.h>

namespace ingress {
namespace {

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

TEST(ExpressionOf, IsWhateverHasAnOperatorOrStandsAmongExpressions) {
  for (const char* path :
       {"/api(/|$)(.*)", "/admin.*", "/a|/b", "/users?", "/[a-z]", "/x{2}", "/a\\.b"}) {
    EXPECT_EQ(expression_of(path, false), path);
  }
  EXPECT_EQ(expression_of("/plain.html", false), std::nullopt);
  EXPECT_EQ(expression_of("/plain.html", true), "/plain.html");
  EXPECT_EQ(expression_of("/~/api/v.", false), "/api/v.");
}

}  // namespace
}  // namespace ingress
