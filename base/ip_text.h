#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

// An IP address as certificates hold it: 4 or 16 bytes, network order. Nothing when the text is not
// an address: no brackets, ports, zones or prefix lengths.
std::optional<std::string> ip_bytes_from_text(std::string_view text);
// RFC 5952 text. Nothing when there are not 4 or 16 bytes.
std::optional<std::string> ip_text_from_bytes(std::string_view bytes);

}  // namespace base
