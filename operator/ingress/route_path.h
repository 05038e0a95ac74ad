#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ingress {

// A path of an Ingress as the proxy compares it with a normalised request path: escapes of
// unreserved characters decoded, other escapes in upper case, bytes that a request can only carry
// escaped ("ü", a space) escaped. Nothing when no normalised request path could ever equal it: it
// does not start with "/", has a dot segment, a broken escape or a control character, or is longer
// than 4096 bytes.
std::optional<std::string> route_path(std::string_view path);

// The plain part that a regular expression begins with, by whole characters: "/api" of
// "/api(/|$)(.*)". Used to keep a refused regular expression's paths closed, never to open one.
std::string literal_start(std::string_view regex);
// One for each alternative: "/a" and "/b" of "/a.*|/b".
std::vector<std::string> literal_starts(std::string_view regex);

}  // namespace ingress
