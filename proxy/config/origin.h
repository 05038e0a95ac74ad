#pragma once

#include <cstddef>
#include <string_view>

// Origins as browsers name them (RFC 6454 §6.2), and patterns over them. Pure; for the operator,
// which reads them from people, and the proxy, which compares.
namespace proxy::config {

// A scheme, a name of 255 bytes (RFC 1035 §2.3.4) and a port.
inline constexpr std::size_t kOriginBytesMax = 300;

// "https://shop.example:8443", "capacitor://localhost", "http://[::1]:3000": scheme, host and
// perhaps a port, in any case. "null" is none: whoever is nobody says it.
bool is_origin(std::string_view text);

// An origin in lower case; one with "*" in place of the first label of its host, which stands for
// one label, whatever it is; or "null".
bool is_origin_pattern(std::string_view text);

}  // namespace proxy::config
