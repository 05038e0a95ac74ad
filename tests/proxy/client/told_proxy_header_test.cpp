#include "proxy/client/told_proxy_header.h"

#include <gtest/gtest.h>

#include "proxy/client/proxy_header.h"

namespace proxy::client {
namespace {

using config::IpAddress;
using config::ProxyProtocol;
using namespace std::string_literals;

Introduction about(const char* source, const char* destination) {
  return {.source = IpAddress::parse(source),
          .source_port = 4711,
          .destination = IpAddress::parse(destination),
          .destination_port = 443};
}

TEST(ToldProxyHeader, TheFirstVersionIsALine) {
  EXPECT_EQ(told_proxy_header(ProxyProtocol::v1, about("203.0.113.9", "10.0.0.1")),
            "PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\n");
  EXPECT_EQ(told_proxy_header(ProxyProtocol::v1, about("2001:db8::9", "2001:db8::1")),
            "PROXY TCP6 2001:db8::9 2001:db8::1 4711 443\r\n");
  EXPECT_EQ(told_proxy_header(ProxyProtocol::v1, {}), "PROXY UNKNOWN\r\n");
}

TEST(ToldProxyHeader, TheSecondVersionIsBinary) {
  EXPECT_EQ(
      told_proxy_header(ProxyProtocol::v2, about("203.0.113.9", "10.0.0.1")),
      "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x09\x0a\x00\x00\x01\x12\x67\x01\xbb"s);
  EXPECT_EQ(told_proxy_header(ProxyProtocol::v2, {}), "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s);
  EXPECT_EQ(told_proxy_header(ProxyProtocol::none, about("203.0.113.9", "10.0.0.1")), "");
}

TEST(ToldProxyHeader, OfTwoFamiliesTheSourceStaysAsItIs) {
  EXPECT_EQ(told_proxy_header(ProxyProtocol::v1, about("203.0.113.9", "2001:db8::1")),
            "PROXY TCP4 203.0.113.9 0.0.0.0 4711 443\r\n");
  EXPECT_EQ(told_proxy_header(ProxyProtocol::v1, about("2001:db8::9", "10.0.0.1")),
            "PROXY TCP6 2001:db8::9 :: 4711 443\r\n");
}

TEST(ToldProxyHeader, WhatIsToldIsWhatIsRead) {
  for (const ProxyProtocol version : {ProxyProtocol::v1, ProxyProtocol::v2}) {
    for (const char* const source : {"203.0.113.9", "2001:db8::9"}) {
      const std::string told = told_proxy_header(version, about(source, "10.0.0.1"));
      const ProxyHeader read = read_proxy_header(told + "GET");
      ASSERT_EQ(read.outcome, ProxyHeader::Outcome::complete);
      EXPECT_EQ(read.bytes, told.size());
      ASSERT_TRUE(read.source);
      EXPECT_EQ(read.source->text(), source);
      EXPECT_EQ(read.source_port, 4711);
    }
    const ProxyHeader nobody = read_proxy_header(told_proxy_header(version, {}));
    EXPECT_EQ(nobody.outcome, ProxyHeader::Outcome::complete);
    EXPECT_FALSE(nobody.source);
  }
}

}  // namespace
}  // namespace proxy::client
