#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

#include "proxy/config/limits.h"

namespace proxy::config {

// What the field Host can say (RFC 9110 §7.2): "shop.example:8080", "[::1]", a name with "_" in it,
// as clusters have them.
inline bool is_authority(std::string_view text) {
  if (text.size() > kAuthorityBytesMax) return false;
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const bool is_literal = text.starts_with('[');
  const std::size_t host_end =
      is_literal ? text.find(']') + 1 : std::min(text.find(':'), text.size());
  const std::string_view host = text.substr(0, host_end);
  if (is_literal ? host.size() < 4 : host.empty()) return false;
  const std::string_view name = is_literal ? host.substr(1, host.size() - 2) : host;
  if (!std::all_of(name.begin(), name.end(), [&](char c) {
        return is_alphanumeric(c) ||
               std::string_view(is_literal ? ":." : "-._").find(c) != std::string_view::npos;
      })) {
    return false;
  }
  std::string_view port = text.substr(host_end);
  if (port.empty()) return true;
  if (!port.starts_with(':')) return false;
  port.remove_prefix(1);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc() && end == port.data() + port.size() && number != 0;
}

}  // namespace proxy::config
