#include "base/ip_text.h"

#include <array>

#include <arpa/inet.h>

namespace base {

std::optional<std::string> ip_bytes_from_text(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string terminated(text);
  // inet_pton would stop at a NUL and take what stands before it.
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  std::array<char, 16> bytes{};
  if (inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) return {{bytes.data(), 4}};
  if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) return {{bytes.data(), 16}};
  return std::nullopt;
}

std::optional<std::string> ip_text_from_bytes(std::string_view bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  // glibc writes RFC 5952: lower case, no leading zeros, the longest run of zeros as "::", and
  // IPv4-mapped addresses with dots (§5). The tests hold it to that.
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  inet_ntop(family, bytes.data(), text.data(), text.size());
  return std::string(text.data());
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]:" : host + ":") + std::to_string(port);
}

}  // namespace base
