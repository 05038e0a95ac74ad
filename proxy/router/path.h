#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace proxy::router {

// The strict reading of a path, which chooses a route: percent-encoded unreserved characters
// decoded, dot segments removed (RFC 3986 §6.2.2), slashes that follow each other merged, other
// escapes in upper case and left alone ("%2F" is not a "/"). Nothing when the path must be refused
// with 400: a broken escape, an escaped control character (%00), or a ".." that climbs over the
// root. The original bytes are what is forwarded. A path that is normal already is returned as it
// is; else the result is in `storage`.
std::optional<std::string_view> normalize_path(std::string_view path, std::string& storage);

// Steps of it, which other readings take in another order. In place; both expect a path that begins
// with "/".
void merge_slashes(std::string& path);
// RFC 3986 §5.2.4. False when ".." would leave the root.
bool remove_dot_segments(std::string& path);
// False when an escape is broken or stands for a control character.
bool decode_unreserved(std::string_view path, std::string& out);

// The value of a hexadecimal digit; -1: it is none.
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace proxy::router
