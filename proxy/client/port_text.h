#pragma once

#include <string_view>

namespace proxy::client {

// "0" to "65535", no leading zero.
constexpr bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return false;
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value <= 65535 && (text.size() == 1 || text.front() != '0');
}

}  // namespace proxy::client
