#include "proxy/config/network.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

namespace proxy::config {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::uint8_t kMappedBits = 96;  // RFC 4291 §2.5.5.2

// "0" to "128"; no sign, no leading zero.
std::optional<std::uint8_t> read_bits(std::string_view text) {
  std::uint8_t bits = 0;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, bits);
  if (error != std::errc() || last != end || (text.size() > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  return bits;
}

// As it is written: IPv4 within IPv6 stays IPv6.
std::optional<IpAddress> read_literal(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN + 1> terminated{};
  if (text.empty() || text.size() >= terminated.size()) return std::nullopt;
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  std::copy(text.begin(), text.end(), terminated.begin());
  IpAddress address;
  address.is_ipv6 = text.find(':') != std::string_view::npos;
  const int family = address.is_ipv6 ? AF_INET6 : AF_INET;
  if (inet_pton(family, terminated.data(), address.bytes.data()) != 1) return std::nullopt;
  return address;
}

bool is_mapped(const IpAddress& address) {
  return address.is_ipv6 &&
         std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin());
}

IpAddress unmapped(const IpAddress& address) {
  IpAddress ipv4;
  std::copy(address.bytes.begin() + kMappedPrefix.size(), address.bytes.end(), ipv4.bytes.begin());
  return ipv4;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const auto address = read_literal(text);
  return address && is_mapped(*address) ? unmapped(*address) : address;
}

IpAddress IpAddress::first_bits(std::uint8_t count) const {
  IpAddress cut = *this;
  std::size_t at = count / 8u;
  if (at < cut.bytes.size() && count % 8u != 0) {
    cut.bytes[at] = static_cast<std::uint8_t>(cut.bytes[at] & (0xff00u >> (count % 8u)));
    ++at;
  }
  for (; at < cut.bytes.size(); ++at) cut.bytes[at] = 0;
  return cut;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> out{};
  inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, bytes.data(), out.data(), out.size());
  return out.data();
}

std::optional<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = read_literal(text.substr(0, slash));
  if (!address) return std::nullopt;
  Network network{*address, address->bits()};
  if (slash != std::string_view::npos) {
    const auto bits = read_bits(text.substr(slash + 1));
    if (!bits || *bits > address->bits()) return std::nullopt;
    network.bits = *bits;
  }
  if (is_mapped(*address) && network.bits >= kMappedBits) {
    network = {unmapped(*address), static_cast<std::uint8_t>(network.bits - kMappedBits)};
  }
  network.address = network.address.first_bits(network.bits);
  return network;
}

bool Network::contains(const IpAddress& asked) const {
  return asked.is_ipv6 == address.is_ipv6 && asked.first_bits(bits) == address;
}

std::string Network::text() const {
  return address.text() + "/" + std::to_string(bits);
}

}  // namespace proxy::config
