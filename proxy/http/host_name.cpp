#include "proxy/http/host_name.h"

#include <algorithm>

#include "proxy/http/lower_case.h"

namespace proxy::http {

std::string_view without_port(std::string_view authority) {
  const std::size_t bracket = authority.find(']');
  return authority.substr(0, authority.find(':', bracket == std::string_view::npos ? 0 : bracket));
}

bool is_host_text(std::string_view text) {
  constexpr std::string_view kBesideLetters = ".-_:[]";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kBesideLetters.find(c) != std::string_view::npos;
  });
}

HostName HostName::of_authority(std::string_view authority) {
  if (!authority.starts_with('[')) return HostName(authority.substr(0, authority.find(':')));
  const std::size_t bracket = std::min(authority.find(']'), authority.size());
  return HostName(authority.substr(1, bracket - 1));
}

HostName::HostName(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() > kHostNameBytesMax) return;
  size_ = name.size();
  write_lower(name, text_.data());
}

std::string_view wildcard_domain(std::string_view name) {
  const std::size_t dot = name.find('.');
  return dot == std::string_view::npos || dot == 0 ? std::string_view() : name.substr(dot + 1);
}

}  // namespace proxy::http
