#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// A server's words made safe to show: in a log line, an Event, a status field.
namespace acme {

// On one line, without control characters or text-direction tricks, cut at a character. Bytes that
// are no UTF-8 become '?'.
std::string one_line(std::string_view text, std::size_t bytes_max);

// The same for a body of unknown encoding: printable ASCII only.
std::string ascii_excerpt(std::string_view bytes, std::size_t bytes_max);

// "application/json" of "Application/JSON; charset=utf-8".
std::string media_type_of(std::string_view content_type);

}  // namespace acme
