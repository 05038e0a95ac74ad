#include "proxy/config/origin.h"

#include <algorithm>

namespace proxy::config {
namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// RFC 3986 §3.1.
bool is_scheme(std::string_view text) {
  if (text.empty() || !(is_lower(text.front()) || is_upper(text.front()))) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_lower(c) || is_upper(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

bool is_port(std::string_view text) {
  constexpr std::size_t kDigitsMax = 5;
  return !text.empty() && text.size() <= kDigitsMax &&
         std::all_of(text.begin(), text.end(), is_digit);
}

// "shop.example", with the "_" that people use.
bool is_name(std::string_view text) {
  char before = '.';
  for (const char c : text) {
    if (c == '.' && before == '.') return false;
    if (!is_lower(c) && !is_upper(c) && !is_digit(c) && c != '-' && c != '_' && c != '.') {
      return false;
    }
    before = c;
  }
  return before != '.';
}

bool is_ipv6_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
  });
}

// "shop.example:8443"
bool is_host_and_port(std::string_view text) {
  std::size_t end = text.find(':');
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos || !is_ipv6_text(text.substr(1, end - 1))) return false;
    ++end;
  } else if (!is_name(text.substr(0, end))) {
    return false;
  }
  if (end >= text.size()) return true;
  return text[end] == ':' && is_port(text.substr(end + 1));
}

constexpr std::string_view kAfterScheme = "://";
constexpr std::string_view kAnyLabel = "*.";

}  // namespace

bool is_origin(std::string_view text) {
  const std::size_t scheme_end = text.find(kAfterScheme);
  return text.size() <= kOriginBytesMax && scheme_end != std::string_view::npos &&
         is_scheme(text.substr(0, scheme_end)) &&
         is_host_and_port(text.substr(scheme_end + kAfterScheme.size()));
}

bool is_origin_pattern(std::string_view text) {
  if (text == "null") return true;
  if (text.size() > kOriginBytesMax || std::any_of(text.begin(), text.end(), is_upper)) {
    return false;
  }
  const std::size_t scheme_end = text.find(kAfterScheme);
  if (scheme_end == std::string_view::npos || !is_scheme(text.substr(0, scheme_end))) return false;
  std::string_view host = text.substr(scheme_end + kAfterScheme.size());
  if (host.starts_with(kAnyLabel)) {
    host.remove_prefix(kAnyLabel.size());
    if (host.starts_with('[')) return false;
  }
  return is_host_and_port(host);
}

}  // namespace proxy::config
