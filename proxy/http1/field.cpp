#include "proxy/http1/field.h"

#include <array>
#include <cstring>

#include <arpa/inet.h>

#include "proxy/http1/character_tables.h"

namespace proxy::http1 {
namespace {

struct KnownName {
  std::string_view name;
  FieldId id;
};

// By length, then in any order: a lookup compares only names as long as the one it has.
constexpr std::array kKnownNames = {
    KnownName{"te", FieldId::te},
    KnownName{"host", FieldId::host},
    KnownName{"date", FieldId::date},
    KnownName{"proxy", FieldId::proxy},
    KnownName{"expect", FieldId::expect},
    KnownName{"server", FieldId::server},
    KnownName{"trailer", FieldId::trailer},
    KnownName{"upgrade", FieldId::upgrade},
    KnownName{"forwarded", FieldId::forwarded},
    KnownName{"x-real-ip", FieldId::x_real_ip},
    KnownName{"connection", FieldId::connection},
    KnownName{"keep-alive", FieldId::keep_alive},
    KnownName{"x-request-id", FieldId::x_request_id},
    KnownName{"content-length", FieldId::content_length},
    KnownName{"http2-settings", FieldId::http2_settings},
    KnownName{"x-forwarded-for", FieldId::x_forwarded_for},
    KnownName{"proxy-connection", FieldId::proxy_connection},
    KnownName{"x-forwarded-host", FieldId::x_forwarded_host},
    KnownName{"x-forwarded-port", FieldId::x_forwarded_port},
    KnownName{"transfer-encoding", FieldId::transfer_encoding},
    KnownName{"x-forwarded-proto", FieldId::x_forwarded_proto},
    KnownName{"proxy-authenticate", FieldId::proxy_authenticate},
    KnownName{"x-forwarded-scheme", FieldId::x_forwarded_scheme},
    KnownName{"proxy-authorization", FieldId::proxy_authorization},
};

constexpr std::size_t kLongestName = 19;

struct Range {
  std::uint8_t begin = 0;
  std::uint8_t end = 0;
};

constexpr std::array<Range, kLongestName + 1> kByLength = [] {
  std::array<Range, kLongestName + 1> ranges{};
  for (std::size_t i = 0; i < kKnownNames.size(); ++i) {
    Range& range = ranges[kKnownNames[i].name.size()];
    if (range.end == 0) range.begin = static_cast<std::uint8_t>(i);
    range.end = static_cast<std::uint8_t>(i + 1);
  }
  return ranges;
}();

bool is_folded_to(std::string_view name, std::string_view known) {
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (kFolded[static_cast<unsigned char>(name[i])] != known[i]) return false;
  }
  return true;
}

bool is_valid_port(std::string_view port) {
  if (port.size() > 5) return false;
  unsigned value = 0;
  for (const char c : port) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value <= 65535;
}

bool is_ipv6_literal(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN + 1> copy{};
  if (text.size() >= copy.size()) return false;
  if (text.find('\0') != std::string_view::npos) return false;
  std::memcpy(copy.data(), text.data(), text.size());
  in6_addr address;
  return inet_pton(AF_INET6, copy.data(), &address) == 1;
}

}  // namespace

FieldId field_id(std::string_view name) {
  if (name.size() > kLongestName) return FieldId::other;
  const Range range = kByLength[name.size()];
  for (std::size_t i = range.begin; i < range.end; ++i) {
    if (!is_folded_to(name, kKnownNames[i].name)) continue;
    const bool exact = name.find('_') == std::string_view::npos;
    return exact ? kKnownNames[i].id : FieldId::look_alike;
  }
  return FieldId::other;
}

bool is_hop_by_hop(FieldId id) {
  switch (id) {
    case FieldId::connection:
    case FieldId::keep_alive:
    case FieldId::proxy:
    case FieldId::proxy_authenticate:
    case FieldId::proxy_authorization:
    case FieldId::proxy_connection:
    case FieldId::te:
    case FieldId::trailer:
    case FieldId::transfer_encoding:
    case FieldId::upgrade:
    case FieldId::http2_settings:
      return true;
    default:
      return false;
  }
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool is_valid_authority(std::string_view authority) {
  if (authority.empty()) return false;
  if (authority.front() == '[') {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos || !is_ipv6_literal(authority.substr(1, end - 1))) {
      return false;
    }
    const std::string_view rest = authority.substr(end + 1);
    return rest.empty() || (rest.front() == ':' && is_valid_port(rest.substr(1)));
  }
  std::size_t host_bytes = 0;
  while (host_bytes < authority.size() && is_in_class(authority[host_bytes], kRegName)) {
    ++host_bytes;
  }
  // RFC 1035 §2.3.4 has no longer name, so none has a rule.
  if (host_bytes == 0 || host_bytes > 255) return false;
  if (host_bytes == authority.size()) return true;
  return authority[host_bytes] == ':' && is_valid_port(authority.substr(host_bytes + 1));
}

}  // namespace proxy::http1
