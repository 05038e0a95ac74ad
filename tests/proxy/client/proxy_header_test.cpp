#include "proxy/client/proxy_header.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::client {
namespace {

using Outcome = ProxyHeader::Outcome;
using namespace std::string_literals;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string binary(unsigned version_command, unsigned family_transport, const std::string& rest) {
  std::string header = kSignature;
  header += static_cast<char>(version_command);
  header += static_cast<char>(family_transport);
  header += static_cast<char>(rest.size() >> 8);
  header += static_cast<char>(rest.size() & 0xff);
  return header + rest;
}

const std::string kIpv4 = "\xcb\x00\x71\x09\x0a\x00\x00\x01\x12\x34\x01\xbb"s;
const std::string kIpv6 = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"s +
                          "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\x12\x34\x01\xbb"s;
const std::string kMapped = "\0\0\0\0\0\0\0\0\0\0\xff\xff\xcb\x00\x71\x09"s + std::string(20, '\0');

std::string source(const ProxyHeader& header) {
  return header.source ? header.source->text() : "nobody";
}

struct Good {
  std::string header, source;
};

const std::vector<Good> kGood = {
    {"PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\n", "203.0.113.9"},
    {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255"},
    {"PROXY TCP4 203.0.113.9 10.0.0.1 0 0\r\n", "203.0.113.9"},
    {"PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n", "2001:db8::1"},
    {"PROXY TCP6 ::ffff:203.0.113.9 ::1 4711 443\r\n", "203.0.113.9"},
    {"PROXY UNKNOWN\r\n", "nobody"},
    {"PROXY UNKNOWN ffff::1 whatever it says 1 2\r\n", "nobody"},
    {binary(0x21, 0x11, kIpv4), "203.0.113.9"},
    {binary(0x21, 0x21, kIpv6), "2001:db8::1"},
    {binary(0x21, 0x21, kMapped), "203.0.113.9"},
    {binary(0x21, 0x11, kIpv4 + "\x01\x00\x02h2\xea\x00\x01x"s), "203.0.113.9"},  // TLVs
    {binary(0x21, 0x11, kIpv4 + "\x20\xff\xff not even one"s), "203.0.113.9"},    // are skipped
    {binary(0x21, 0x11, kIpv4 + std::string(4096 - 16 - 12, 'x')), "203.0.113.9"},
    {binary(0x20, 0x00, ""), "nobody"},     // LOCAL
    {binary(0x20, 0x11, kIpv4), "nobody"},  // LOCAL with addresses
    {binary(0x21, 0x00, ""), "nobody"},     // AF_UNSPEC
    {binary(0x21, 0x00, "whatever"), "nobody"},
    {binary(0x21, 0x31, std::string(216, 'a')), "nobody"},  // AF_UNIX
    {binary(0x21, 0x12, kIpv4), "nobody"},                  // UDP
};

TEST(ProxyHeader, SaysWhoTheClientIsHoweverItIsCut) {
  for (const Good& good : kGood) {
    for (std::size_t size = 0; size < good.header.size(); ++size) {
      ASSERT_EQ(read_proxy_header(good.header.substr(0, size)).outcome, Outcome::needs_more)
          << good.header << " cut at " << size;
    }
    for (const std::string& after : {""s, "GET / HTTP/1.1\r\n"s, "\x16\x03\x01"s, "\0\n"s}) {
      const ProxyHeader header = read_proxy_header(good.header + after);
      ASSERT_EQ(header.outcome, Outcome::complete) << good.header;
      EXPECT_EQ(header.bytes, good.header.size());
      EXPECT_EQ(source(header), good.source) << good.header;
    }
  }
}

TEST(ProxyHeader, WhatIsNoneIsKnownByItsFirstWrongByte) {
  struct Bad {
    std::string bytes, problem;
  };
  const std::string malformed = "malformed_proxy_header";
  const std::vector<Bad> cases = {
      {"G", "no_proxy_header"},
      {"GET / HTTP/1.1\r\n", "no_proxy_header"},
      {"\x16", "no_proxy_header"},
      {"PROXI", "no_proxy_header"},
      {"PROXY\t", "no_proxy_header"},
      {"proxy TCP4", "no_proxy_header"},
      {"\r\n\r\n\r", "no_proxy_header"},
      {"PROXY /", "no_proxy_header"},  // a method of this name
      {"PROXY http://shop.test/ HTTP/1.1\r\n", "no_proxy_header"},
      {"PROXY * HTTP/1.1\r\n", "no_proxy_header"},
      {"PROXY \r", "no_proxy_header"},
      {"PROXY \n", "no_proxy_header"},
      {"PROXY TCP5", "no_proxy_header"},
      {"PROXY tcp4", "no_proxy_header"},
      {"PROXY TCP4\r\n", malformed},
      {"PROXY TCP4\n", malformed},
      {"PROXY TCP40 203.0.113.9 10.0.0.1 1 2\r\n", malformed},
      {"PROXY UNKNOWNS\r\n", malformed},
      {"PROXY TCP4 203.0.113.9 10.0.0.1 1 2\n", malformed},
      {"PROXY TCP4 203.0.113.9 10.0.0.1 1\r\n", malformed},
      {"PROXY TCP4 203.0.113.9 10.0.0.1 1 2 3\r\n", malformed},
      {"PROXY TCP4  203.0.113.9 10.0.0.1 1 2\r\n", malformed},
      {"PROXY TCP4 203.0.113.9 10.0.0.1 1 65536\r\n", malformed},
      {"PROXY TCP4 203.0.113.9 10.0.0.1 01 2\r\n", malformed},
      {"PROXY TCP4 203.0.113.9 10.0.0.1 -1 2\r\n", malformed},
      {"PROXY TCP4 203.0.113 10.0.0.1 1 2\r\n", malformed},
      {"PROXY TCP4 ::1 ::1 1 2\r\n", malformed},
      {"PROXY TCP6 203.0.113.9 10.0.0.1 1 2\r\n", malformed},
      {"PROXY TCP4 203.0.113.9\0 10.0.0.1 1 2\r\n"s, malformed},
      {"PROXY UNKNOWN " + std::string(200, 'x'), "proxy_header_too_long"},
      {binary(0x11, 0x11, kIpv4), malformed},
      {binary(0x31, 0x11, kIpv4), malformed},
      {binary(0x22, 0x11, kIpv4), malformed},
      {binary(0x21, 0x41, kIpv4), malformed},
      {binary(0x21, 0x13, kIpv4), malformed},
      {binary(0x21, 0x11, kIpv4.substr(1)), malformed},
      {binary(0x21, 0x21, kIpv6.substr(1)), malformed},
      {binary(0x21, 0x11, std::string(4096 - 15, 'x')).substr(0, 16), "proxy_header_too_long"},
      {kSignature + "\x21\x11\xff\xff", "proxy_header_too_long"},
  };
  for (const Bad& bad : cases) {
    const ProxyHeader header = read_proxy_header(bad.bytes);
    EXPECT_EQ(header.outcome, Outcome::failed) << bad.bytes;
    EXPECT_EQ(header.problem, bad.problem) << bad.bytes;
    EXPECT_FALSE(header.source) << bad.bytes;
  }
}

}  // namespace
}  // namespace proxy::client
