#include "operator/issuer/host_bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using testing::HasSubstr;

namespace issuer {
namespace {

HostBounds bounds(const std::vector<std::string>& patterns) {
  return HostBounds::read(patterns).value();
}

TEST(HostBounds, WithoutAPatternEveryHostIsWithinThem) {
  EXPECT_TRUE(HostBounds().covers("a.example", "shop"));
  EXPECT_TRUE(HostBounds().covers("10.0.0.1", "shop"));
}

TEST(HostBounds, APatternIsAHostOrEverythingUnderADomain) {
  const HostBounds made = bounds({"Shop.Example.", "*.apps.example"});
  for (const char* within : {"shop.example", "SHOP.example.", "a.apps.example", "b.a.apps.example",
                             "*.apps.example", "*.a.apps.example"}) {
    EXPECT_TRUE(made.covers(within, "shop")) << within;
  }
  for (const char* beyond : {"a.shop.example", "apps.example", "evilapps.example", "example",
                             "a.apps.example.evil", ".apps.example", "*.example", "10.0.0.1", ""}) {
    EXPECT_FALSE(made.covers(beyond, "shop")) << beyond;
  }
}

TEST(HostBounds, TheNamespaceMayStandInAPattern) {
  const HostBounds made = bounds({"*.{namespace}.apps.example", "{namespace}.example"});
  EXPECT_TRUE(made.covers("www.shop.apps.example", "shop"));
  EXPECT_TRUE(made.covers("shop.example", "shop"));
  EXPECT_FALSE(made.covers("www.bank.apps.example", "shop"));
  EXPECT_FALSE(made.covers("bank.example", "shop"));
}

TEST(HostBounds, AStarIsEveryNameAndAddress) {
  EXPECT_TRUE(bounds({"*"}).covers("10.0.0.1", "shop"));
  EXPECT_TRUE(bounds({"*"}).covers("a.example", "shop"));
}

TEST(HostBounds, WhatIsBeyondThemIsToldWithWhatIsWithin) {
  const std::string why =
      bounds({"*.{namespace}.example"}).why_not({"a.shop.example", "bank.example"}, "shop");
  EXPECT_THAT(why, HasSubstr("*.shop.example"));
  EXPECT_THAT(why, HasSubstr("not for bank.example"));
  EXPECT_THAT(why, HasSubstr("remedy: "));
  EXPECT_EQ(bounds({"*.example"}).why_not({"a.example"}, "shop"), "");
}

TEST(HostBounds, WhatIsNoPatternIsRefused) {
  for (const char* wrong :
       {"", "*.", "a..b", "*.*.example", "a.*.example", "http://a", "a b", "{name}.example", "."}) {
    EXPECT_FALSE(HostBounds::read({wrong})) << wrong;
  }
}

}  // namespace
}  // namespace issuer
