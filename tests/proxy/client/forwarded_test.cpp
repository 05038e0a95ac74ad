#include "proxy/client/forwarded.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/config/limits.h"

namespace proxy::client {
namespace {

const TrustedNetworks kTrusted =
    TrustedNetworks::parse({"10.0.0.0/8", "192.0.2.7", "fd00::/8"}).value();

struct Line {
  std::string name, value;
};

Told read(const std::vector<Line>& lines, const std::string& peer = "10.0.0.1") {
  std::vector<http::Field> fields;
  for (const Line& line : lines) {
    fields.push_back({line.name, line.value, http::field_id(line.name)});
  }
  return read_forwarded(fields, config::IpAddress::parse(peer).value(), kTrusted);
}

std::string way(const Told& told) {
  std::string text;
  told.write_way(text);
  return text;
}

TEST(ForwardedFields, TheClientIsTheFirstFromTheRightWhoIsNotTrusted) {
  struct Case {
    std::string list, client, way;
  };
  const std::vector<Case> cases = {
      {"203.0.113.9", "203.0.113.9", "203.0.113.9, 10.0.0.1"},
      {"6.6.6.6, 203.0.113.9", "203.0.113.9", "203.0.113.9, 10.0.0.1"},
      {"10.9.9.9, 203.0.113.9", "203.0.113.9", "203.0.113.9, 10.0.0.1"},
      {"6.6.6.6, 203.0.113.9, 192.0.2.7", "203.0.113.9", "203.0.113.9, 192.0.2.7, 10.0.0.1"},
      {" 203.0.113.9 ,,10.2.3.4 ,", "203.0.113.9", "203.0.113.9, 10.2.3.4, 10.0.0.1"},
      {"203.0.113.9:4711", "203.0.113.9", "203.0.113.9, 10.0.0.1"},
      {"2001:db8::1", "2001:db8::1", "2001:db8::1, 10.0.0.1"},
      {"[2001:db8::1]", "2001:db8::1", "2001:db8::1, 10.0.0.1"},
      {"[2001:db8::1]:80", "2001:db8::1", "2001:db8::1, 10.0.0.1"},
      {"2001:db8::1, fd00::7", "2001:db8::1", "2001:db8::1, fd00::7, 10.0.0.1"},
      {"::ffff:203.0.113.9", "203.0.113.9", "203.0.113.9, 10.0.0.1"},
      {"203.0.113.9, ::ffff:10.1.1.1", "203.0.113.9", "203.0.113.9, 10.1.1.1, 10.0.0.1"},
      // Only our own people: the leftmost.
      {"10.3.3.3, 10.2.2.2", "10.3.3.3", "10.3.3.3, 10.2.2.2, 10.0.0.1"},
      // Nobody, or no address: the walk ends at who wrote it.
      {"", "10.0.0.1", "10.0.0.1"},
      {"unknown", "10.0.0.1", "10.0.0.1"},
      {"203.0.113.9, unknown", "10.0.0.1", "10.0.0.1"},
      {"203.0.113.9, unknown, 10.2.2.2", "10.2.2.2", "10.2.2.2, 10.0.0.1"},
      {"203.0.113.9.9", "10.0.0.1", "10.0.0.1"},
      {"203.0.113.09", "10.0.0.1", "10.0.0.1"},
      {"0xcb007109", "10.0.0.1", "10.0.0.1"},
      {"[203.0.113.9]", "10.0.0.1", "10.0.0.1"},
      {"[2001:db8::1", "10.0.0.1", "10.0.0.1"},
      {"[2001:db8::1]x", "10.0.0.1", "10.0.0.1"},
      {"fe80::1%eth0", "10.0.0.1", "10.0.0.1"},
      {std::string("203.0.113.9\0", 12), "10.0.0.1", "10.0.0.1"},
  };
  for (const Case& one : cases) {
    const Told told = read({{"X-Forwarded-For", one.list}});
    EXPECT_EQ(told.address.text(), one.client) << one.list;
    EXPECT_EQ(way(told), one.way) << one.list;
  }
}

TEST(ForwardedFields, SeveralFieldsAreOneList) {
  const Told told = read({{"x-forwarded-for", "6.6.6.6"},
                          {"X-Forwarded-For", "203.0.113.9, 10.2.2.2"},
                          {"X-Forwarded-For", "10.3.3.3"}});
  EXPECT_EQ(way(told), "203.0.113.9, 10.2.2.2, 10.3.3.3, 10.0.0.1");
}

TEST(ForwardedFields, AWalkThatFindsNobodyElseEndsAfterSixteen) {
  std::string list = "203.0.113.9";
  for (int i = 0; i < 5000; ++i) list += ", 10.0.0.2";
  const Told told = read({{"X-Forwarded-For", list}});
  EXPECT_EQ(told.address.text(), "10.0.0.2");
  EXPECT_EQ(told.way_length, Told::kHopsMax + 1);
}

TEST(ForwardedFields, SchemeHostAndPortAreThoseOfWhoWasAskedByTheClient) {
  struct Case {
    std::vector<Line> lines;
    std::string scheme, host, port;
  };
  const std::vector<Case> cases = {
      {{{"X-Forwarded-Proto", "https"}}, "https", "", ""},
      {{{"X-Forwarded-Proto", "HTTPS"}}, "https", "", ""},
      {{{"X-Forwarded-Proto", "wss"}}, "https", "", ""},
      {{{"X-Forwarded-Proto", "http"}, {"X-Forwarded-Port", "8080"}}, "http", "", "8080"},
      {{{"X-Forwarded-Proto", "gopher"}}, "", "", ""},
      {{{"X-Forwarded-Proto", ""}}, "", "", ""},
      {{{"X-Forwarded-Host", "www.shop.test:8443"}}, "", "www.shop.test:8443", ""},
      {{{"X-Forwarded-Host", "a b"}, {"X-Forwarded-Port", "080"}}, "", "", ""},
      {{{"X-Forwarded-Port", "443, evil"}}, "", "", ""},
      {{{"X-Forwarded-Port", "65536"}}, "", "", ""},
      {{{"X-Forwarded-Port", "0"}}, "", "", ""},
      // One proxy before us: its word is the last, whatever its client had said before.
      {{{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "https, http"}}, "http", "", ""},
      {{{"X-Forwarded-For", "203.0.113.9"},
        {"X-Forwarded-Proto", "https"},
        {"X-Forwarded-Proto", "http"}},
       "http",
       "",
       ""},
      // Two, each of which added what it saw.
      {{{"X-Forwarded-For", "203.0.113.9, 10.2.2.2"}, {"X-Forwarded-Proto", "https, http"}},
       "https",
       "",
       ""},
      // Two, the last of which replaces.
      {{{"X-Forwarded-For", "203.0.113.9, 10.2.2.2"}, {"X-Forwarded-Proto", "https"}},
       "https",
       "",
       ""},
  };
  for (const Case& one : cases) {
    const Told told = read(one.lines);
    EXPECT_EQ(told.scheme, one.scheme) << one.lines[0].value;
    EXPECT_EQ(told.host, one.host) << one.lines[0].value;
    EXPECT_EQ(told.port, one.port) << one.lines[0].value;
  }
}

TEST(ForwardedFields, ForwardedIsReadAsRfc7239HasIt) {
  struct Case {
    std::vector<Line> lines;
    std::string client, scheme, host;
  };
  const auto forwarded = [](std::string value) {
    return std::vector<Line>{{"Forwarded", std::move(value)}};
  };
  const std::vector<Case> cases = {
      {forwarded("for=203.0.113.9"), "203.0.113.9", "", ""},
      {forwarded("For=\"203.0.113.9:4711\";Proto=https;HOST=\"shop.test:80\";by=10.0.0.1"),
       "203.0.113.9", "https", "shop.test:80"},
      {forwarded("for=\"[2001:db8::1]\""), "2001:db8::1", "", ""},
      {forwarded("for=6.6.6.6;proto=https, for=203.0.113.9;proto=http"), "203.0.113.9", "http", ""},
      {forwarded("for=203.0.113.9;proto=https,for=10.2.2.2"), "203.0.113.9", "https", ""},
      {forwarded("for=203.0.113.9 , for=10.2.2.2; proto=https"), "203.0.113.9", "https", ""},
      {{{"Forwarded", "for=203.0.113.9"}, {"Forwarded", "for=10.2.2.2"}}, "203.0.113.9", "", ""},
      {forwarded("for=unknown;proto=https"), "10.0.0.1", "https", ""},
      {forwarded("for=203.0.113.9, for=_hidden"), "10.0.0.1", "", ""},
      {forwarded("for=\"203.0.113.9, for=10.2.2.2"), "10.0.0.1", "", ""},
      {forwarded("for=\"a, for=203.0.113.9\", for=10.2.2.2"), "10.2.2.2", "", ""},
      {forwarded("for=\"203\\.0.113.9\""), "10.0.0.1", "", ""},
      {forwarded("proto=https"), "10.0.0.1", "https", ""},
      {forwarded("nonsense"), "10.0.0.1", "", ""},
      {forwarded(";;,,"), "10.0.0.1", "", ""},
      {forwarded(""), "10.0.0.1", "", ""},
  };
  for (const Case& one : cases) {
    const Told told = read(one.lines);
    EXPECT_EQ(told.address.text(), one.client) << one.lines[0].value;
    EXPECT_EQ(told.scheme, one.scheme) << one.lines[0].value;
    EXPECT_EQ(told.host, one.host) << one.lines[0].value;
  }
}

TEST(ForwardedFields, WhoWritesOnePassesOnWhatItsClientPutIntoTheOthers) {
  const Told told = read({{"X-Forwarded-For", "203.0.113.9"},
                          {"Forwarded", "for=6.6.6.6;proto=https;host=evil.test"},
                          {"X-Real-IP", "6.6.6.6"}});
  EXPECT_EQ(told.address.text(), "203.0.113.9");
  EXPECT_EQ(told.scheme, "");
  EXPECT_EQ(told.host, "");
  EXPECT_EQ(read({{"X-Real-IP", "203.0.113.9"}}).address.text(), "203.0.113.9");
}

TEST(TrustedNetworks, OfTwoListsAreThoseOfEither) {
  const TrustedNetworks flags = TrustedNetworks::parse({"10.0.0.0/8"}).value();
  const TrustedNetworks both = flags.with({*config::Network::parse("192.0.2.0/24")});
  EXPECT_TRUE(both.contains(*config::IpAddress::parse("10.1.2.3")));
  EXPECT_TRUE(both.contains(*config::IpAddress::parse("192.0.2.7")));
  EXPECT_FALSE(both.contains(*config::IpAddress::parse("192.0.3.7")));
  EXPECT_FALSE(flags.contains(*config::IpAddress::parse("192.0.2.7")));
  EXPECT_EQ(flags.with({}), flags);
}

TEST(TrustedNetworks, WhatIsNoNetworkIsNamed) {
  const auto bad = TrustedNetworks::parse({"10.0.0.0/8", "10.0.0.0/33"});
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message.find("'10.0.0.0/33'"), std::string::npos);
  EXPECT_TRUE(TrustedNetworks::parse({}).value().empty());
}

TEST(TrustedNetworks, MoreThanAConfigurationMayHaveAreAMistake) {
  std::vector<std::string> networks(config::kTrustedProxiesMax, "10.0.0.0/8");
  EXPECT_TRUE(TrustedNetworks::parse(networks));
  networks.emplace_back("192.0.2.0/24");
  EXPECT_FALSE(TrustedNetworks::parse(networks));
}

}  // namespace
}  // namespace proxy::client
