#include "operator/routing/host_name.h"

#include <gtest/gtest.h>

namespace routing {
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

}  // namespace
}  // namespace routing
