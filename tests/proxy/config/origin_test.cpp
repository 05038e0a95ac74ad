#include "proxy/config/origin.h"

#include <string>

#include <gtest/gtest.h>

namespace proxy::config {
namespace {

TEST(Origin, HasASchemeAHostAndPerhapsAPort) {
  for (const char* text : {"https://shop.example", "HTTP://Shop.Example:8080",
                           "capacitor://localhost", "http://[::1]:3000", "https://[2001:db8::1]",
                           "chrome-extension://abc", "https://10.0.0.1"}) {
    EXPECT_TRUE(is_origin(text)) << text;
  }
  for (const char* text : {"",
                           "null",
                           "*",
                           "shop.example",
                           "https://",
                           "https://shop.example/",
                           "https://a/b",
                           "https://a.example:",
                           "https://a.example:123456",
                           "https://a.example:x",
                           "https://.a",
                           "https://a..b",
                           "https://a.",
                           "https://a@b",
                           "https://a b",
                           "https://a\r\nX: y",
                           "://a",
                           "1x://a",
                           "https://[::1",
                           "https://[]",
                           "https://*.a.example",
                           "https://a,https://b",
                           "https://a?b",
                           "https://\xc3\xa9.example"}) {
    EXPECT_FALSE(is_origin(text)) << text;
  }
  EXPECT_FALSE(is_origin("https://" + std::string(kOriginBytesMax, 'a')));
}

TEST(OriginPattern, IsInLowerCaseAndMayHaveAnyLabelInFront) {
  for (const char* text : {"https://shop.example", "https://*.shop.example",
                           "http://*.shop.example:8080", "null", "https://*.example"}) {
    EXPECT_TRUE(is_origin_pattern(text)) << text;
  }
  for (const char* text : {"*", "", "https://*", "https://*.", "https://*shop.example",
                           "https://a.*.example", "https://*.*.example", "https://Shop.example",
                           "*://shop.example", "https://shop.*", "https://*.[::1]"}) {
    EXPECT_FALSE(is_origin_pattern(text)) << text;
  }
}

}  // namespace
}  // namespace proxy::config
