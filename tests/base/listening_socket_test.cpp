#include "base/listening_socket.h"

#include <cstring>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/ip_text.h"

namespace base {
namespace {

Peer peer_with(const std::string& ip) {
  const std::string bytes = ip_bytes_from_text(ip).value();
  sockaddr_storage address{};
  if (bytes.size() == sizeof(in_addr)) {
    address.ss_family = AF_INET;
    std::memcpy(&reinterpret_cast<sockaddr_in&>(address).sin_addr, bytes.data(), bytes.size());
  } else {
    address.ss_family = AF_INET6;
    std::memcpy(&reinterpret_cast<sockaddr_in6&>(address).sin6_addr, bytes.data(), bytes.size());
  }
  return peer_of(address);
}

TEST(Peer, AnIPv4ClientOfASocketOfBothFamiliesIsAnIPv4Client) {
  EXPECT_EQ(peer_with("::ffff:10.1.2.3").ip, "10.1.2.3");
  EXPECT_EQ(peer_with("::ffff:10.1.2.3").origin, peer_with("10.1.2.3").origin);
  EXPECT_NE(peer_with("10.1.2.4").origin, peer_with("10.1.2.3").origin);
}

TEST(Peer, TheAddressesOfOneSubnetOfIPv6AreOneOrigin) {
  EXPECT_EQ(peer_with("2001:db8::1").ip, "2001:db8::1");
  EXPECT_EQ(peer_with("2001:db8::1").origin, peer_with("2001:db8::ffff:ffff:ffff:1").origin);
  EXPECT_NE(peer_with("2001:db8::1").origin, peer_with("2001:db8:0:1::1").origin);
}

TEST(HostAndPort, AnIPv6AddressHasBrackets) {
  EXPECT_EQ(host_and_port("10.0.0.1", 80), "10.0.0.1:80");
  EXPECT_EQ(host_and_port("::", 9443), "[::]:9443");
}

}  // namespace
}  // namespace base
