#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proxy::config {

// An IP address as bytes. IPv4 that is written as IPv6 ("::ffff:10.1.2.3") is IPv4: a client that
// came over either kind of socket is the same client.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  // IPv4: the first four, then zeros
  bool is_ipv6 = false;
  auto operator<=>(const IpAddress&) const = default;

  // A literal without brackets and zone. No allocation.
  static std::optional<IpAddress> parse(std::string_view text);
  std::uint8_t bits() const { return is_ipv6 ? 128 : 32; }
  // With the bits beyond the first `count` cleared.
  IpAddress first_bits(std::uint8_t count) const;
  std::string text() const;
};

// Addresses that begin with the same bits. One network is one value: what is written beyond its
// bits ("10.1.2.3/8") does not count.
struct Network {
  IpAddress address{};
  std::uint8_t bits = 0;
  auto operator<=>(const Network&) const = default;

  // "10.0.0.0/8", "2001:db8::/32", or an address alone.
  static std::optional<Network> parse(std::string_view text);
  bool contains(const IpAddress& asked) const;
  std::string text() const;  // "10.0.0.0/8"
};

}  // namespace proxy::config
