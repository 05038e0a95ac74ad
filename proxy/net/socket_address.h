#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <netinet/in.h>

#include "base/result.h"

namespace proxy::net {

// An IPv4 or IPv6 address and a port.
class SocketAddress {
 public:
  SocketAddress() = default;

  // An IP literal without brackets.
  static base::Result<SocketAddress> from_ip(std::string_view ip, std::uint16_t port);
  // "0.0.0.0:80", "[::]:80", ":80" (every address, both families). The error names what is wrong.
  static base::Result<SocketAddress> parse(std::string_view text);
  static SocketAddress from_sockaddr(const sockaddr_storage& storage);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const;
  int family() const { return storage_.in6.sin6_family; }
  std::uint16_t port() const;
  // The literal without brackets; an IPv4 address that arrived on an IPv6 socket as IPv4. Returns
  // the length. No allocation: this is on the path of every connection.
  static constexpr std::size_t kIpTextMax = 46;
  std::size_t write_ip(std::array<char, kIpTextMax>& out) const;
  std::string ip_text() const;
  std::string text() const;  // "10.1.2.3:80", "[::1]:80"

 private:
  union {
    sockaddr_in6 in6;
    sockaddr_in in4;
  } storage_{};
};

}  // namespace proxy::net
