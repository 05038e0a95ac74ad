#include "proxy/config/expression.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/config/limits.h"

namespace proxy::config {
namespace {

using testing::HasSubstr;

TEST(Expression, MatchesFromTheFirstCharacterAndWithoutCaseAsIngressNginxDoes) {
  struct {
    const char* expression;
    const char* path;
    bool matches;
  } rows[] = {
      {"/admin(/|$)(.*)", "/admin", true},
      {"/admin(/|$)(.*)", "/admin/x", true},
      {"/admin(/|$)(.*)", "/ADMIN/x", true},
      {"/admin(/|$)(.*)", "/administrator", false},
      {"/admin(/|$)(.*)", "/x/admin", false},
      {"/admin", "/administrator", true},
      {"/wp-(admin|login)(.*)", "/wp-login.php", true},
      {"/wp-(admin|login)(.*)", "/wp-content/x", false},
      {"/api/v[0-9]+/internal/.*", "/api/v12/internal/", true},
      {"/api/v[0-9]+/internal/.*", "/api/v/internal/", false},
      {"/(a|b)/c", "/b/c", true},
      {"(?i)/a", "/A", true},
      // As "^/a|/b" is read: the second alternative is not held to the beginning.
      {"/a|/b", "/x/b", true},
      {"^/a", "/a", true},
      {"/a\\.b", "/a.b", true},
      {"/a\\.b", "/axb", false},
      {"/[^/]+/secret", "/x/secret", true},
      {"/\\d{2,3}$", "/123", true},
      {"/\\d{2,3}$", "/1234", false},
      {"/caf\xc3\xa9", "/caf\xc3\xa9", true},  // by bytes
      {"/[[:alpha:]]+-x", "/ab-x", true},
  };
  for (const auto& row : rows) {
    const auto expression = Expression::compile(row.expression);
    ASSERT_TRUE(expression) << row.expression;
    EXPECT_EQ(expression->matches(row.path), row.matches) << row.expression << " " << row.path;
  }
}

TEST(Expression, WhatCannotBeMatchedInBoundedTimeAndMemoryIsAnError) {
  for (const char* text : {"/(?!public).*", "/(?=x)", "/(?<!a)b", "/(a)\\1", "/a++", "/(?>a)", "/(",
                           "/[", "/a**", "/x{2000}", "/((a{100}){100}){100}", "/\\Z", "/\\K"}) {
    EXPECT_FALSE(Expression::compile(text)) << text;
  }
  const auto look_ahead = Expression::compile("/(?!public).*");
  EXPECT_THAT(look_ahead.error().message, HasSubstr("(?!"));
}

TEST(Expression, OfARouteSaysItsGroups) {
  const auto expression = Expression::compile("/x(/|$)(a)?(.*)", Expression::Use::route);
  ASSERT_TRUE(expression);
  Expression::Groups groups;
  ASSERT_TRUE(expression->matches("/X/bc", groups));
  EXPECT_EQ(groups[0], "/");
  EXPECT_EQ(groups[1], "");
  EXPECT_EQ(groups[2], "bc");
  EXPECT_EQ(groups[8], "");
  EXPECT_FALSE(expression->matches("/xy", groups));
}

TEST(Expression, IsNotLargerThanARequestMayWaitFor) {
  for (const auto use :
       {Expression::Use::closing, Expression::Use::route, Expression::Use::value}) {
    std::string larger = "/.*[ab]";
    for (int i = 0; i < 10; ++i) larger += ".{1000}";
    for (const std::string& large : {std::string("/(a?b?c?){0,500}"), larger}) {
      EXPECT_FALSE(Expression::compile(large, use)) << large;
    }
    EXPECT_TRUE(Expression::compile("/api/v[0-9]{1,3}(/|$)(.*)", use));
  }
}

TEST(Expression, SaysHowMuchWorkItIs) {
  const auto small = Expression::compile("/pay(/|$)(.*)", Expression::Use::route);
  const auto large = Expression::compile("/.*[ab].{900}x", Expression::Use::route);
  ASSERT_TRUE(small && large);
  EXPECT_LT(small->instructions(), 40U);
  EXPECT_GT(large->instructions(), 900U);
}

TEST(Expression, OneThatTriesEveryWayInOtherLibrariesEnds) {
  const auto expression = Expression::compile("/(a|aa|a?)*(a*)*$");
  ASSERT_TRUE(expression);
  EXPECT_FALSE(expression->matches("/" + std::string(8000, 'a') + "!"));
}

}  // namespace
}  // namespace proxy::config
