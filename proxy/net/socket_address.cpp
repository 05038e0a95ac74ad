#include "proxy/net/socket_address.h"

#include <charconv>
#include <cstring>

#include <arpa/inet.h>

namespace proxy::net {

base::Result<SocketAddress> SocketAddress::from_ip(std::string_view ip, std::uint16_t port) {
  SocketAddress address;
  const std::string text(ip);
  if (inet_pton(AF_INET, text.c_str(), &address.storage_.in4.sin_addr) == 1) {
    address.storage_.in4.sin_family = AF_INET;
    address.storage_.in4.sin_port = htons(port);
    return address;
  }
  address = SocketAddress();
  if (inet_pton(AF_INET6, text.c_str(), &address.storage_.in6.sin6_addr) == 1) {
    address.storage_.in6.sin6_family = AF_INET6;
    address.storage_.in6.sin6_port = htons(port);
    return address;
  }
  return base::failure(base::ErrorKind::invalid, "'" + text + "' is not an IP address");
}

base::Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto bad = [&](const char* why) {
    return base::failure(base::ErrorKind::invalid, "'" + std::string(text) + "' " + why +
                                                       "; write it as 0.0.0.0:80, [::]:80 or :80");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("has no port");
  const std::string_view digits = text.substr(colon + 1);
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty() ||
      port > 65535) {
    return bad("has no valid port (0 to 65535)");
  }
  std::string_view ip = text.substr(0, colon);
  if (ip.empty()) ip = "::";
  if (ip.size() >= 2 && ip.front() == '[' && ip.back() == ']') {
    ip = ip.substr(1, ip.size() - 2);
  } else if (ip.find(':') != std::string_view::npos && ip != "::") {
    return bad("is ambiguous: an IPv6 address needs brackets");
  }
  auto address = from_ip(ip, static_cast<std::uint16_t>(port));
  if (!address) return bad("does not begin with an IP address");
  return address;
}

SocketAddress SocketAddress::from_sockaddr(const sockaddr_storage& storage) {
  SocketAddress address;
  std::memcpy(&address.storage_, &storage, sizeof address.storage_);
  return address;
}

socklen_t SocketAddress::size() const {
  return family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

std::uint16_t SocketAddress::port() const {
  return ntohs(storage_.in6.sin6_port);
}

std::size_t SocketAddress::write_ip(std::array<char, kIpTextMax>& out) const {
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &storage_.in4.sin_addr, out.data(), out.size());
  } else if (IN6_IS_ADDR_V4MAPPED(&storage_.in6.sin6_addr)) {
    inet_ntop(AF_INET, storage_.in6.sin6_addr.s6_addr + 12, out.data(), out.size());
  } else {
    inet_ntop(AF_INET6, &storage_.in6.sin6_addr, out.data(), out.size());
  }
  return std::strlen(out.data());
}

std::string SocketAddress::ip_text() const {
  std::array<char, kIpTextMax> ip{};
  return {ip.data(), write_ip(ip)};
}

std::string SocketAddress::text() const {
  const std::string literal = ip_text();
  const bool brackets = literal.find(':') != std::string_view::npos;
  return (brackets ? "[" : "") + literal + (brackets ? "]:" : ":") + std::to_string(port());
}

}  // namespace proxy::net
