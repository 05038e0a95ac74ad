#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace base {

// An IP address as certificates hold it: 4 or 16 bytes, network order. Nothing when the text is not
// an address: no brackets, ports, zones or prefix lengths.
std::optional<std::string> ip_bytes_from_text(std::string_view text);
// RFC 5952 text. Nothing when there are not 4 or 16 bytes.
std::optional<std::string> ip_text_from_bytes(std::string_view bytes);

// "::": where a server listens that is to be reached by every address of the host, of both
// families.
inline constexpr const char* kEveryAddress = "::";
// "10.1.2.3:80", "[::1]:80" (RFC 3986 §3.2.2).
std::string host_and_port(const std::string& host, std::uint16_t port);

}  // namespace base
