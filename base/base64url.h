#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

// RFC 4648 §5 without padding, as JOSE wants it.
std::string base64url_encode(std::string_view bytes);
// Nothing on any character outside the alphabet, padding included (RFC 8555 §6.1).
std::optional<std::string> base64url_decode(std::string_view text);

// RFC 4648 §4 with padding, as Secrets and kubeconfigs have it. Decoding skips line breaks.
std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace base
