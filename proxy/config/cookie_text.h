#pragma once

#include <algorithm>
#include <string_view>

// What may stand in Set-Cookie (RFC 6265 §4.1.1) without ending what it stands in.
namespace proxy::config {

inline bool is_cookie_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c <= '~' && std::string_view(";,\"\\").find(c) == std::string_view::npos;
  });
}

// A token (RFC 9110 §5.6.2).
inline bool is_cookie_name(std::string_view name) {
  return !name.empty() && is_cookie_text(name) &&
         name.find_first_of("()<>@:/[]?={}") == std::string_view::npos;
}

}  // namespace proxy::config
