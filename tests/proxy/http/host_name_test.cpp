#include "proxy/http/host_name.h"

#include <string>

#include <gtest/gtest.h>

namespace proxy::http {
namespace {

std::string looked_up(std::string_view authority) {
  return std::string(HostName::of_authority(authority).view());
}

TEST(HostName, OfAnAuthorityHasNoPortNoBracketsNoCapitalsAndNoTrailingDot) {
  EXPECT_EQ(looked_up("shop.example"), "shop.example");
  EXPECT_EQ(looked_up("Shop.Example:8443"), "shop.example");
  EXPECT_EQ(looked_up("shop.example.:443"), "shop.example");
  EXPECT_EQ(looked_up("shop.example.."), "shop.example.");
  EXPECT_EQ(looked_up("[2001:DB8::1]:443"), "2001:db8::1");
  EXPECT_EQ(looked_up("[2001:db8::1]"), "2001:db8::1");
  EXPECT_EQ(looked_up("[2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(looked_up(""), "");
  EXPECT_EQ(looked_up("."), "");
  EXPECT_EQ(looked_up(":443"), "");
}

TEST(HostName, OfAServerNameIsTheWholeOfIt) {
  EXPECT_EQ(HostName::of_server_name("Shop.Example.").view(), "shop.example");
  EXPECT_EQ(HostName::of_server_name("shop.example:443").view(), "shop.example:443");
  EXPECT_EQ(HostName::of_server_name("").view(), "");
}

TEST(HostName, IsEmptyWhereItIsLongerThanAnyName) {
  EXPECT_EQ(looked_up(std::string(kHostNameBytesMax, 'a')).size(), kHostNameBytesMax);
  EXPECT_EQ(looked_up(std::string(kHostNameBytesMax, 'a') + ".:443").size(), kHostNameBytesMax);
  EXPECT_EQ(looked_up(std::string(kHostNameBytesMax + 1, 'a')), "");
}

TEST(WithoutPort, LeavesTheBracketsOfAnAddress) {
  EXPECT_EQ(without_port("shop.example:8443"), "shop.example");
  EXPECT_EQ(without_port("shop.example"), "shop.example");
  EXPECT_EQ(without_port("[::1]:443"), "[::1]");
  EXPECT_EQ(without_port("[::1]"), "[::1]");
}

TEST(IsHostText, HasNothingThatWouldEndAHost) {
  for (const char* good : {"shop.example", "Shop_1.example:8443", "[::1]:443"}) {
    EXPECT_TRUE(is_host_text(good)) << good;
  }
  for (const char* bad : {"", "a/b", "a?b", "a#b", "a@b", "a b", "a\\b", "a\r\nb", "a%2fb"}) {
    EXPECT_FALSE(is_host_text(bad)) << bad;
  }
}

TEST(WildcardDomain, IsWhatStandsBehindTheFirstLabel) {
  EXPECT_EQ(wildcard_domain("a.shop.example"), "shop.example");
  EXPECT_EQ(wildcard_domain("shop.example"), "example");
  for (const char* none : {"", "example", ".example", "example."}) {
    EXPECT_EQ(wildcard_domain(none), "") << none;
  }
}

}  // namespace
}  // namespace proxy::http
