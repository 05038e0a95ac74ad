#include "proxy/net/socket_address.h"

#include <gtest/gtest.h>

namespace proxy::net {
namespace {

TEST(SocketAddress, ReadsTheFormsThatFlagsTake) {
  EXPECT_EQ(SocketAddress::parse("0.0.0.0:80")->text(), "0.0.0.0:80");
  EXPECT_EQ(SocketAddress::parse("[::1]:8443")->text(), "[::1]:8443");
  EXPECT_EQ(SocketAddress::parse(":9090")->text(), "[::]:9090");
  EXPECT_EQ(SocketAddress::parse("127.0.0.1:0")->port(), 0);
}

TEST(SocketAddress, SaysWhatIsWrongWithOthers) {
  for (const char* text : {"", "80", "localhost:80", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536",
                           "1.2.3.4:8o", "::1:80", "[::1:80", "1.2.3:80"}) {
    const auto address = SocketAddress::parse(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_NE(address.error().message.find("'" + std::string(text) + "'"), std::string::npos);
  }
}

TEST(SocketAddress, AnIPv4ClientOfAnIPv6SocketIsNamedByItsIPv4Address) {
  EXPECT_EQ(SocketAddress::from_ip("::ffff:10.1.2.3", 1)->ip_text(), "10.1.2.3");
  EXPECT_EQ(SocketAddress::from_ip("2001:db8::1", 1)->ip_text(), "2001:db8::1");
}

}  // namespace
}  // namespace proxy::net
