#include "proxy/policy/rewrite.h"

#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

// What a backend is asked for; "!" and why where it is asked for nothing.
std::string rewritten(const std::string& expression, std::string_view target, std::string_view path,
                      std::string_view query = {}) {
  const auto compiled =
      config::Expression::compile(expression, config::Expression::Use::route).value();
  std::string storage;
  const Rewritten made = rewrite(target, &compiled, path, query, storage);
  if (!made.refusal.empty()) return "!" + std::string(made.refusal);
  return std::string(made.path) + std::string(made.query);
}

TEST(Rewrite, PutsGroupsWhereTheTargetNamesThem) {
  const struct {
    const char* expression;
    const char* target;
    const char* path;
    const char* expected;
  } rows[] = {
      {"/x(/|$)(.*)", "/$2", "/x", "/"},
      {"/x(/|$)(.*)", "/$2", "/x/", "/"},
      {"/x(/|$)(.*)", "/$2", "/x/a/b", "/a/b"},
      {"/x(/|$)(.*)", "/$2", "/X/a/B", "/a/B"},
      {"/x/?(.*)", "/$1", "/x/a", "/a"},
      {"/x/?(.*)", "/$1", "/x", "/"},
      {"/x/?(.*)", "/$1", "/xy", "/y"},
      {"/x(.*)", "/$1", "/x/a", "/a"},  // slashes that meet are one
      {"/x(/.*)", "/$1", "/x//", "/"},
      {"/(a|b)/(.*)", "/$2/$1", "/b/c", "/c/b"},
      {"/(a)?(b)", "/$1-$2", "/b", "/-b"},
      {"/a", "/z", "/a/whatever", "/z"},
      {"/a(.*)", "/z$2$9", "/abc", "/z"},
      {"/a(.*)", "/$0$", "/abc", "/$0$"},
      {"/x/(.*)", "/$1", "/x/a%2Fb%20c", "/a%2Fb%20c"},  // what is escaped stays so
      {"/x/(.*)", "/$1", "/x/%2F%2Fevil", "/%2F%2Fevil"},
      {"/x(.*)", "/$1", "/x//evil.example/", "/evil.example/"},
      {"/(.*)", "/$1", "/a:b@c;d=e", "/a:b@c;d=e"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(rewritten(row.expression, row.target, row.path), row.expected)
        << row.expression << " " << row.target << " " << row.path;
  }
}

TEST(Rewrite, KeepsTheQueryBehindItsOwnParameters) {
  const struct {
    const char* target;
    const char* query;
    const char* expected;
  } rows[] = {
      {"/$1", "?a=b&c", "/p?a=b&c"},
      {"/$1", "?", "/p?"},
      {"/$1", "", "/p"},
      {"/i.php?path=$1", "", "/i.php?path=p"},
      {"/i.php?path=$1", "?a=b", "/i.php?path=p&a=b"},
      {"/i.php?path=$1", "?", "/i.php?path=p"},
      {"/i.php?path=$1?", "?a=b", "/i.php?path=p"},
      {"/$1?", "?a=b", "/p"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(rewritten("/x/(.*)", row.target, "/x/p", row.query), row.expected)
        << row.target << row.query;
  }
}

TEST(Rewrite, AGroupInAParameterCannotEndIt) {
  EXPECT_EQ(rewritten("/x/(.*)", "/i?path=$1", "/x/a&admin=1;b+c=d%26e"),
            "/i?path=a%26admin%3D1%3Bb%2Bc%3Dd%26e");
}

TEST(Rewrite, RefusesWhatWouldHaveOtherElementsThanItsParts) {
  const struct {
    const char* expression;
    const char* target;
    const char* path;
    const char* why;
  } rows[] = {
      {"/x(.*)", "/.$1", "/x./admin", "!bad_rewritten_path"},
      {"/x(.*)", "/a/$1", "/x..", "!bad_rewritten_path"},
      {"/x/(.*)", "/public/$1.", "/x/.", "!bad_rewritten_path"},
      {"/x/(.)(.*)", "/$1", "/x/%2Fa", "!bad_rewritten_path"},
      {"/x/(%)(..)(.*)", "/$12e$12e/secret", "/x/%2Fa", "!bad_rewritten_path"},
      {"/x/(%)(..)(.*)", "/$10d$10a", "/x/%2Fa", "!bad_rewritten_path"},
      {"/x/(%)(..)(.*)", "/$17f", "/x/%2Fa", "!bad_rewritten_path"},
      {"/x/(.*)", "/$1", "/y/a", "!ambiguous_path"},
      {"/x", "/z", "/y/a", "!ambiguous_path"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(rewritten(row.expression, row.target, row.path), row.why)
        << row.expression << " " << row.target << " " << row.path;
  }
}

TEST(Rewrite, GrowsToABound) {
  std::string target = "/";
  for (int i = 0; i < 2000; ++i) target += "$1";
  EXPECT_EQ(rewritten("/(.*)", target, "/" + std::string(4000, 'a')), "!rewritten_path_too_long");
}

TEST(Rewrite, WithoutAnExpressionGroupsAreEmpty) {
  std::string storage;
  const Rewritten made = rewrite("/a/$1", nullptr, "/pay/x", "?q", storage);
  EXPECT_EQ(made.path, "/a/");
  EXPECT_EQ(made.query, "?q");
}

}  // namespace
}  // namespace proxy::policy
