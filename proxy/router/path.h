#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace proxy::router {

// The path that routing decides on: percent-encoded unreserved characters decoded, dot segments
// removed (RFC 3986 §6.2.2), other escapes in upper case and left alone ("%2F" is not a "/").
// Nothing when the path must be refused with 400: a broken escape, an escaped control character
// (%00), or a ".." that climbs over the root. Doubled slashes stay: they are other paths. The
// original bytes are what is forwarded. A path that is normal already is returned as it is; else
// the result is in `storage`.
std::optional<std::string_view> normalize_path(std::string_view path, std::string& storage);

}  // namespace proxy::router
