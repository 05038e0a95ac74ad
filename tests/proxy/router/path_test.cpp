#include "proxy/router/path.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace proxy::router {
namespace {

using namespace std::string_view_literals;

TEST(NormalizePath, DecodesUnreservedRemovesDotSegmentsAndMergesSlashes) {
  struct {
    std::string_view path, normal;
  } cases[] = {
      {"/", "/"},
      {"/a/b", "/a/b"},
      {"/a//b", "/a/b"},
      {"//a", "/a"},
      {"///", "/"},
      {"/a//", "/a/"},
      {"/%61%2D%2e%5F%7e", "/a-._~"},
      {"/a%2fb", "/a%2Fb"},
      {"/a%2Fb", "/a%2Fb"},
      {"/a%5cb", "/a%5Cb"},
      {"/a%20b", "/a%20b"},
      {"/caf%c3%a9", "/caf%C3%A9"},
      {"/caf\xc3\xa9", "/caf%C3%A9"},  // sent as it is, and meant as the rule is written
      {"/\"<>", "/%22%3C%3E"},
      {"/%2561", "/%2561"},  // decoded once only
      {"/.", "/"},
      {"/./", "/"},
      {"/./a", "/a"},
      {"/a/.", "/a/"},
      {"/a/./b", "/a/b"},
      {"/a/..", "/"},
      {"/a/../", "/"},
      {"/a/../b", "/b"},
      {"/a/b/..", "/a/"},
      {"/a/b/../..", "/"},
      {"/a/b/../../c", "/c"},
      {"/a/%2e%2e/b", "/b"},
      {"/a/.%2E/b", "/b"},
      {"/a/%2e/b", "/a/b"},
      {"/a//../b", "/a/b"},
      {"/.a/..b/c..", "/.a/..b/c.."},
      {"/...", "/..."},
      {"/a/..%2fb", "/a/..%2Fb"},  // an opaque slash ends no segment
      {"/a;x=1/..;/b", "/a;x=1/..;/b"},
  };
  for (const auto& c : cases) {
    std::string storage;
    const auto normal = normalize_path(c.path, storage);
    ASSERT_TRUE(normal) << c.path;
    EXPECT_EQ(*normal, c.normal) << c.path;
    // What is normal stays as it is.
    std::string again;
    EXPECT_EQ(normalize_path(std::string(*normal), again), c.normal) << c.path;
  }
}

TEST(NormalizePath, RefusesWhatNoPathCanMean) {
  for (const auto path : {"/%"sv, "/%4"sv, "/%zz"sv, "/%4g"sv, "/a%00b"sv, "/%0a"sv, "/%1F"sv,
                          "/%7f"sv, "/.."sv, "/../a"sv, "/a/../../b"sv, "/%2e%2e/a"sv}) {
    std::string storage;
    EXPECT_FALSE(normalize_path(path, storage)) << path;
  }
}

TEST(NormalizePath, ANormalPathIsNotCopied) {
  const std::string_view path = "/a/b.c";
  std::string storage;
  EXPECT_EQ(normalize_path(path, storage)->data(), path.data());
}

}  // namespace
}  // namespace proxy::router
