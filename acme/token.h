#pragma once

#include <algorithm>
#include <string_view>

namespace acme {

// The form of tokens and nonces: base64url without padding (RFC 8555 §6.1), not empty. The length
// is ours: servers use 22 to 64 characters.
inline bool is_base64url_text(std::string_view text) {
  constexpr std::size_t kCharactersMax = 256;
  const auto is_allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  return !text.empty() && text.size() <= kCharactersMax &&
         std::all_of(text.begin(), text.end(), is_allowed);
}

}  // namespace acme
