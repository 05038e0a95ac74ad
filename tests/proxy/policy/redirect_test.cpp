#include "proxy/policy/redirect.h"

#include <string>

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

RedirectedRequest request(std::string_view path, std::string_view query = {},
                          std::string_view host = "shop.test:8443") {
  return {.secure = true, .host = host, .path = path, .normalized_path = path, .query = query};
}

TEST(Redirect, SaysWhatTheRequestHas) {
  const struct {
    const char* text;
    const char* expected;
  } rows[] = {
      {"https://new.test/", "https://new.test/"},
      {"https://new.test$request_uri", "https://new.test/a%2Fb?c=d"},
      {"$scheme://$http_host/app", "https://shop.test:8443/app"},
      {"$scheme://$host:444$uri", "https://shop.test:444/a%2Fb"},
      {"https://new.test$uri$is_args$args", "https://new.test/a%2Fb?c=d"},
      {"https://new.test/?$query_string", "https://new.test/?c=d"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(location(row.text, request("/a%2Fb", "?c=d")), row.expected) << row.text;
  }
  EXPECT_EQ(location("https://new.test$uri$is_args$args", request("/")), "https://new.test/");
  EXPECT_EQ(location("https://new.test$request_uri", request("*")), "https://new.test/");
}

TEST(Redirect, GoesToNoHostThatIsNone) {
  for (const char* host : {"", "a.test/x", "a@b", "a b", "a\\b", "a?b"}) {
    EXPECT_EQ(location("$scheme://$http_host/app", request("/", {}, host)), "") << host;
  }
  EXPECT_EQ(location("$scheme://$http_host/app", request("/", {}, "[::1]:80")),
            "https://[::1]:80/app");
  EXPECT_EQ(location("$scheme://$host/app", request("/", {}, "[::1]:80")), "https://[::1]/app");
}

TEST(Redirect, KnowsNoOtherVariable) {
  EXPECT_EQ(location("https://new.test/$cookie_secret", request("/")), "");
  EXPECT_EQ(location("https://new.test/$", request("/")), "");
}

TEST(Redirect, GrowsToABound) {
  std::string text = "https://new.test";
  for (int i = 0; i < 200; ++i) text += "$request_uri";
  EXPECT_EQ(location(text, request("/" + std::string(4000, 'a'))), "");
}

}  // namespace
}  // namespace proxy::policy
