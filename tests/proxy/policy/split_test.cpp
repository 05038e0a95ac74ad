#include "proxy/policy/split.h"

#include <string>

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

using Fields = std::vector<http::Field>;

Fields with(std::initializer_list<std::pair<const char*, const char*>> pairs) {
  Fields fields;
  for (const auto& [name, value] : pairs) fields.push_back({.name = name, .value = value});
  return fields;
}

bool takes(const config::Split& config, const Fields& fields, std::uint64_t draw = 99) {
  return Split(config, 7).takes(fields, draw);
}

TEST(Split, TakesAndLeavesByTheHeader) {
  config::Split split;
  split.header = "X-Canary";
  EXPECT_TRUE(takes(split, with({{"x-canary", "always"}})));
  EXPECT_FALSE(takes(split, with({{"X-Canary", "never"}})));
  split.weight = 100;  // whom the header does not decide about
  EXPECT_FALSE(takes(split, with({{"X-Canary", "never"}})));
  EXPECT_TRUE(takes(split, with({{"X-Canary", "maybe"}})));
  EXPECT_TRUE(takes(split, with({})));
  split.weight = 0;
  for (const char* value : {"maybe", "", "Always", "always, never"}) {
    EXPECT_FALSE(takes(split, with({{"X-Canary", value}}))) << value;
  }
  EXPECT_FALSE(takes(split, with({{"X-Canary", "always"}, {"X-Canary", "never"}})));
}

TEST(Split, TakesByTheHeadersValueInPlaceOfTheTwoWords) {
  config::Split split;
  split.header = "X-Region";
  split.header_value = "eu";
  EXPECT_TRUE(takes(split, with({{"X-Region", "eu"}})));
  for (const char* value : {"eu-1", "EU", "always", "never", ""}) {
    EXPECT_FALSE(takes(split, with({{"X-Region", value}}))) << value;
  }
  split.weight = 100;  // another value does not decide
  EXPECT_TRUE(takes(split, with({{"X-Region", "never"}})));
}

TEST(Split, TakesByAPatternAnywhereInTheHeadersValue) {
  config::Split split;
  split.header = "X-Region";
  split.header_pattern = "^(eu|us)-[0-9]$|beta";
  for (const char* value : {"eu-1", "us-9", "a beta b"}) {
    EXPECT_TRUE(takes(split, with({{"X-Region", value}}))) << value;
  }
  for (const char* value : {"eu-10", "EU-1", "always", ""}) {
    EXPECT_FALSE(takes(split, with({{"X-Region", value}}))) << value;
  }
  EXPECT_FALSE(takes(split, {{.name = "X-Region", .value = std::string(5000, 'x')}}));
  split.header_value = "asia";  // comes before the pattern
  EXPECT_FALSE(takes(split, with({{"X-Region", "eu-1"}})));
}

TEST(Split, TakesNobodyByAPatternThatCannotBeCompared) {
  config::Split split;
  split.header = "X-Region";
  split.header_pattern = "(?!a)";
  EXPECT_FALSE(takes(split, with({{"X-Region", "always"}})));
}

TEST(Split, AsksTheCookieAfterTheHeader) {
  config::Split split;
  split.header = "X-Canary";
  split.cookie = "canary";
  EXPECT_TRUE(takes(split, with({{"Cookie", "a=b; canary=always; c=d"}})));
  EXPECT_TRUE(takes(split, with({{"Cookie", "a=b"}, {"cookie", "canary=always"}})));
  EXPECT_FALSE(takes(split, with({{"X-Canary", "never"}, {"Cookie", "canary=always"}})));
  EXPECT_TRUE(takes(split, with({{"X-Canary", "always"}, {"Cookie", "canary=never"}})));
  for (const char* value : {"canary=1", "xcanary=always", "canary", "canary=", "Canary=always"}) {
    EXPECT_FALSE(takes(split, with({{"Cookie", value}}))) << value;
  }
  split.weight = 100;
  EXPECT_FALSE(takes(split, with({{"Cookie", "canary=never"}})));
  EXPECT_TRUE(takes(split, with({{"Cookie", "canary=1"}})));
}

TEST(Split, TakesItsPartOfTheRest) {
  const auto taken = [](std::uint64_t weight, std::uint64_t total) {
    config::Split config;
    config.weight = weight;
    config.weight_total = total;
    const Split split(config, 0);
    int count = 0;
    for (std::uint64_t draw = 0; draw < 10'000; ++draw) count += split.takes({}, draw) ? 1 : 0;
    return count;
  };
  EXPECT_EQ(taken(0, 100), 0);
  EXPECT_EQ(taken(20, 100), 2'000);
  EXPECT_EQ(taken(100, 100), 10'000);
  EXPECT_EQ(taken(200, 100), 10'000);
  EXPECT_EQ(taken(1, 1000), 10);
  EXPECT_EQ(taken(1, 0), 0);
}

}  // namespace
}  // namespace proxy::policy
