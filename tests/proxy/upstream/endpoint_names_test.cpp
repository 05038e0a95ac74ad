#include "proxy/upstream/endpoint_names.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace proxy::upstream {
namespace {

using Endpoints = std::vector<config::Endpoint>;

const config::Endpoint kA{"10.0.0.1", 80}, kB{"10.0.0.1", 81}, kC{"10.0.0.2", 80},
    kD{"2001:db8::1", 80};

TEST(EndpointNames, EachEndpointHasANameOfItsOwnAndIsFoundByIt) {
  const EndpointNames names("key", Endpoints{kA, kB, kC, kD}, {});
  std::set<std::string> all;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string name(names.at(i));
    EXPECT_EQ(name.size(), EndpointNames::kBytes);
    EXPECT_EQ(name.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_EQ(names.find(name), i);
    all.insert(name);
  }
  EXPECT_EQ(all.size(), 4u);
}

TEST(EndpointNames, AreTheSameInEveryProxyAndWhoeverStandsBeside) {
  const EndpointNames here("key", Endpoints{kA, kC, kD}, {});
  const EndpointNames there("key", Endpoints{kC}, {});
  EXPECT_EQ(here.at(1), there.at(0));
  // This very value is in the cookies of clients: another release must know it.
  EXPECT_EQ(there.at(0), "de87aff0335da7228172e05d62ce993a");
}

TEST(EndpointNames, AnotherKeyGivesOtherNames) {
  const EndpointNames one("key", Endpoints{kA}, {});
  const EndpointNames other("yek", Endpoints{kA}, one);
  EXPECT_NE(one.at(0), other.at(0));
  EXPECT_FALSE(other.find(one.at(0)));
}

TEST(EndpointNames, StayWithTheirEndpointsWhenOthersComeAndGo) {
  const EndpointNames before("key", Endpoints{kA, kC}, {});
  const EndpointNames after("key", Endpoints{kB, kC, kD}, before);
  EXPECT_EQ(after.at(1), before.at(1));
  EXPECT_EQ(after.find(before.at(1)), 1u);
  EXPECT_FALSE(after.find(before.at(0)));  // it is gone
  const EndpointNames fresh("key", Endpoints{kB, kC, kD}, {});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(after.at(i), fresh.at(i));
}

TEST(EndpointNames, WithoutAKeyThereAreNone) {
  const EndpointNames names("", Endpoints{kA}, {});
  EXPECT_EQ(names.at(0), "");
  EXPECT_FALSE(names.find(""));
}

TEST(EndpointNames, WhatIsNoNameFindsNobody) {
  const EndpointNames names("key", Endpoints{kA, kC}, {});
  std::string upper(names.at(0));
  for (char& c : upper) c = c >= 'a' ? static_cast<char>(c - 32) : c;
  for (const std::string& forged :
       {std::string(), std::string("10.0.0.1:80"), std::string(32, '0'), std::string(32, 'f'),
        std::string(names.at(0)).substr(1), std::string(names.at(0)) + "0", upper}) {
    EXPECT_FALSE(names.find(forged)) << forged;
  }
}

}  // namespace
}  // namespace proxy::upstream
