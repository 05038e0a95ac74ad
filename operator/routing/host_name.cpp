#include "operator/routing/host_name.h"

#include <algorithm>

namespace routing {
namespace {

constexpr std::size_t kNameMax = 253;
constexpr std::size_t kLabelMax = 63;

char lowered(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kLabelMax) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool is_number(std::string_view label) {
  return std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_dns_name(std::string_view name) {
  std::string_view last;
  while (true) {
    const auto dot = name.find('.');
    last = name.substr(0, dot);
    if (!is_label(last)) return false;
    if (dot == std::string_view::npos) break;
    name.remove_prefix(dot + 1);
  }
  // No top-level domain is a number, so this is an IPv4 address or a mistake.
  return !is_number(last);
}

}  // namespace

std::optional<std::string> config_host(std::string_view host) {
  std::string name(host);
  std::transform(name.begin(), name.end(), name.begin(), lowered);
  if (name.empty()) return name;
  if (name.back() == '.') name.pop_back();
  if (name.size() > kNameMax) return std::nullopt;
  std::string_view rest = name;
  if (rest.substr(0, 2) == "*.") rest.remove_prefix(2);
  if (!is_dns_name(rest)) return std::nullopt;
  return name;
}

std::string covering_wildcard(std::string_view host) {
  const auto dot = host.find('.');
  if (dot == std::string_view::npos || host.front() == '*') return {};
  return std::string("*").append(host.substr(dot));
}

}  // namespace routing
