#include "proxy/client/proxy_header.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "proxy/client/port_text.h"
#include "proxy/reason/words.h"

namespace proxy::client {
namespace {

using Outcome = ProxyHeader::Outcome;

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);  // §2.2
constexpr std::string_view kWord = "PROXY ";                        // §2.1
// The same: a line begins as one of these does, and no request, though its method be called PROXY:
// what it asks for begins otherwise.
constexpr std::array<std::string_view, 3> kLineBegins = {"PROXY TCP4", "PROXY TCP6",
                                                         "PROXY UNKNOWN"};
// §2.1: the longest line, of two addresses in IPv6, its end included.
constexpr std::size_t kLineMax = 107;
constexpr std::size_t kFixedBytes = 16;  // of version 2, before the addresses

ProxyHeader failed(std::string_view problem) {
  return {.outcome = Outcome::failed, .problem = problem};
}

constexpr std::string_view kNone = reason::no_proxy_header;
constexpr std::string_view kMalformed = reason::malformed_proxy_header;
constexpr std::string_view kTooLong = reason::proxy_header_too_long;

// The beginning of this, as far as either goes.
bool agrees(std::string_view bytes, std::string_view with) {
  const std::size_t size = std::min(bytes.size(), with.size());
  return bytes.substr(0, size) == with.substr(0, size);
}

// Up to the next space, which is taken, too.
std::string_view next_word(std::string_view& line) {
  const std::size_t space = line.find(' ');
  const std::string_view word = line.substr(0, space);
  line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  return word;
}

ProxyHeader read_line(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, kLineMax).find('\n');
  if (end == std::string_view::npos) {
    return bytes.size() < kLineMax ? ProxyHeader{} : failed(kTooLong);
  }
  if (bytes[end - 1] != '\r') return failed(kMalformed);
  ProxyHeader header{.outcome = Outcome::complete, .bytes = end + 1};
  std::string_view line = bytes.substr(kWord.size(), end - 1 - kWord.size());
  const std::string_view protocol = next_word(line);
  // §2.1: what follows it, addresses included, is to be ignored.
  if (protocol == "UNKNOWN") return header;
  const bool is_ipv6 = protocol == "TCP6";
  if (!is_ipv6 && protocol != "TCP4") return failed(kMalformed);
  const std::string_view source = next_word(line);
  const std::string_view destination = next_word(line);
  const std::string_view source_port = next_word(line);
  const std::string_view destination_port = line;
  for (const std::string_view address : {source, destination}) {
    const bool has_colon = address.find(':') != std::string_view::npos;
    if (has_colon != is_ipv6 || !config::IpAddress::parse(address)) return failed(kMalformed);
  }
  if (!is_port(source_port) || !is_port(destination_port)) return failed(kMalformed);
  header.source = config::IpAddress::parse(source);
  std::from_chars(source_port.data(), source_port.data() + source_port.size(), header.source_port);
  return header;
}

config::IpAddress address_from(std::string_view bytes) {
  config::IpAddress address;
  std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
  address.is_ipv6 = bytes.size() == 16;
  // "::ffff:10.1.2.3" is IPv4.
  return config::IpAddress::parse(address.text()).value_or(address);
}

ProxyHeader read_binary(std::string_view bytes) {
  if (bytes.size() < kFixedBytes) return {};
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned version = at(12) >> 4, command = at(12) & 15u;
  const unsigned family = at(13) >> 4, transport = at(13) & 15u;
  // §2.2: what is not assigned must be rejected.
  if (version != 2 || command > 1 || family > 3 || transport > 2) return failed(kMalformed);
  const std::size_t length = static_cast<std::size_t>(at(14)) << 8 | at(15);
  if (kFixedBytes + length > ProxyHeader::kBytesMax) return failed(kTooLong);
  constexpr std::size_t kIpv4Bytes = 12, kIpv6Bytes = 36;  // two addresses, two ports
  const bool is_relayed = command == 1 && transport == 1;
  const bool is_ipv4 = is_relayed && family == 1, is_ipv6 = is_relayed && family == 2;
  if ((is_ipv4 && length < kIpv4Bytes) || (is_ipv6 && length < kIpv6Bytes)) {
    return failed(kMalformed);
  }
  if (bytes.size() < kFixedBytes + length) return {};
  ProxyHeader header{.outcome = Outcome::complete, .bytes = kFixedBytes + length};
  if (is_ipv4) header.source = address_from(bytes.substr(kFixedBytes, 4));
  if (is_ipv6) header.source = address_from(bytes.substr(kFixedBytes, 16));
  if (header.source) {
    const std::size_t port_at = kFixedBytes + (is_ipv4 ? 8 : 32);
    header.source_port = static_cast<std::uint16_t>(at(port_at) << 8 | at(port_at + 1));
  }
  return header;
}

}  // namespace

ProxyHeader read_proxy_header(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (std::any_of(kLineBegins.begin(), kLineBegins.end(),
                  [&](std::string_view begin) { return agrees(bytes, begin); })) {
    return bytes.size() < kWord.size() ? ProxyHeader{} : read_line(bytes);
  }
  return agrees(bytes, kSignature) ? read_binary(bytes) : failed(kNone);
}

}  // namespace proxy::client
