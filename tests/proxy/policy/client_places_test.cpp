#include "proxy/policy/client_places.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

constexpr std::uint64_t kStart = 1'000'000;
constexpr std::uint64_t kStay = 10'800;

config::IpAddress address(const std::string& text) {
  return config::IpAddress::parse(text).value();
}

std::string number(std::size_t i) {
  return "10." + std::to_string(i >> 16) + "." + std::to_string((i >> 8) & 255) + "." +
         std::to_string(i & 255);
}

TEST(ClientPlaces, AClientHasItsEndpointUntilItWasSilentForItsTime) {
  ClientPlaces places(ClientPlaces::kWays);
  const auto key = places.key_of(1, address("192.0.2.1"));
  EXPECT_FALSE(places.find(key, kStay, kStart));
  places.put(key, 7, kStart);
  // Each time that it asks begins its time again.
  std::uint64_t now = kStart;
  for (int i = 0; i < 5; ++i) {
    now += kStay;
    EXPECT_EQ(places.find(key, kStay, now), 7u);
  }
  EXPECT_FALSE(places.find(key, kStay, now + kStay + 1));
}

TEST(ClientPlaces, TheTimeIsThatOfItsCluster) {
  ClientPlaces places(ClientPlaces::kWays);
  const auto key = places.key_of(1, address("192.0.2.1"));
  places.put(key, 7, kStart);
  EXPECT_EQ(places.find(key, 1, kStart + 1), 7u);
  EXPECT_FALSE(places.find(key, 1, kStart + 3));
  EXPECT_EQ(places.find(key, 86'400, kStart + 3), 7u);  // it has got longer
}

TEST(ClientPlaces, WhatIsPutLastCounts) {
  ClientPlaces places(ClientPlaces::kWays);
  const auto key = places.key_of(1, address("192.0.2.1"));
  places.put(key, 7, kStart);
  places.put(key, 8, kStart + 1);
  EXPECT_EQ(places.find(key, kStay, kStart + 2), 8u);
}

TEST(ClientPlaces, ASubscriberOfIPv6IsOneClientWhateverAddressOfItsNetworkItHas) {
  ClientPlaces places(ClientPlaces::kPlaces);
  places.put(places.key_of(1, address("2001:db8:1:2::1")), 7, kStart);
  EXPECT_EQ(places.find(places.key_of(1, address("2001:db8:1:2:ffff::9")), kStay, kStart), 7u);
  EXPECT_FALSE(places.find(places.key_of(1, address("2001:db8:1:3::1")), kStay, kStart));
  // IPv4 that came over a socket of IPv6 is the same client.
  places.put(places.key_of(1, address("::ffff:192.0.2.1")), 8, kStart);
  EXPECT_EQ(places.find(places.key_of(1, address("192.0.2.1")), kStay, kStart), 8u);
  EXPECT_FALSE(places.find(places.key_of(1, address("192.0.2.2")), kStay, kStart));
}

TEST(ClientPlaces, AClientHasAPlaceInEachClusterForItself) {
  ClientPlaces places(ClientPlaces::kPlaces);
  places.put(places.key_of(1, address("192.0.2.1")), 7, kStart);
  EXPECT_FALSE(places.find(places.key_of(2, address("192.0.2.1")), kStay, kStart));
}

TEST(ClientPlaces, WhereItIsFullTheOneThatWasSilentForLongestIsForgotten) {
  ClientPlaces places(ClientPlaces::kWays);
  std::vector<ClientPlaces::Key> keys;
  for (std::size_t i = 0; i <= ClientPlaces::kWays; ++i) {
    keys.push_back(places.key_of(1, address(number(i))));
  }
  for (std::size_t i = 0; i < ClientPlaces::kWays; ++i) places.put(keys[i], 7, kStart + i);
  // The first comes again, so that the second is silent for longest now.
  EXPECT_TRUE(places.find(keys[0], kStay, kStart + 100));
  places.put(keys[ClientPlaces::kWays], 9, kStart + 100);
  EXPECT_FALSE(places.find(keys[1], kStay, kStart + 101));
  EXPECT_EQ(places.find(keys[ClientPlaces::kWays], kStay, kStart + 101), 9u);
  for (std::size_t i = 0; i < ClientPlaces::kWays; ++i) {
    EXPECT_EQ(places.find(keys[i], kStay, kStart + 101).has_value(), i != 1) << i;
  }
}

TEST(ClientPlaces, AQuarterOfThePlacesIsForAsManyClients) {
  ClientPlaces places(1u << 12);
  constexpr std::size_t kClients = (1u << 12) / 4;
  for (std::size_t i = 0; i < kClients; ++i) {
    places.put(places.key_of(1, address(number(i))), static_cast<std::uint32_t>(i), kStart);
  }
  std::size_t known = 0;
  for (std::size_t i = 0; i < kClients; ++i) {
    const auto found = places.find(places.key_of(1, address(number(i))), kStay, kStart);
    if (!found) continue;
    EXPECT_EQ(*found, i);
    ++known;
  }
  EXPECT_GE(known, kClients * 99 / 100);
}

}  // namespace
}  // namespace proxy::policy
