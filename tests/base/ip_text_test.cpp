#include "base/ip_text.h"

#include <gtest/gtest.h>

namespace base {
namespace {

std::string rewritten(std::string_view text) {
  const auto bytes = ip_bytes_from_text(text);
  return bytes ? ip_text_from_bytes(*bytes).value_or("?") : "not an address";
}

TEST(IpText, WritesTheExamplesOfRfc5952) {
  EXPECT_EQ(rewritten("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(rewritten("2001:0db8::0001"), "2001:db8::1");
  EXPECT_EQ(rewritten("2001:db8:0:0:0:0:2:1"), "2001:db8::2:1");
  EXPECT_EQ(rewritten("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");
  EXPECT_EQ(rewritten("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");
  EXPECT_EQ(rewritten("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
  EXPECT_EQ(rewritten("2001:DB8::AAAA"), "2001:db8::aaaa");
  EXPECT_EQ(rewritten("::ffff:192.0.2.1"), "::ffff:192.0.2.1");
  EXPECT_EQ(rewritten("::"), "::");
}

TEST(IpText, RefusesWhatIsNotAnAddressAlone) {
  for (const char* text : {"", "example.test", "[::1]", "127.0.0.1:80", "10.0.0.0/8", "127.1",
                           "fe80::1%eth0", "1.2.3.4 ", "256.0.0.1",
                           "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20:21:22:23:24"}) {
    EXPECT_EQ(rewritten(text), "not an address") << text;
  }
  EXPECT_EQ(rewritten(std::string_view("1.2.3.4\0x", 9)), "not an address");
  EXPECT_EQ(ip_text_from_bytes("12345"), std::nullopt);
}

}  // namespace
}  // namespace base
