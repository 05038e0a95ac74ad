#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace base {

// The target of a request (RFC 9112 §3.2), decoded.
struct RequestTarget {
  std::string path;
  std::map<std::string, std::string> query;  // of a name that comes twice the last value
};

// In origin-form or absolute-form; nothing when it is neither, or does not decode. The only place
// that knows cpprestsdk (docs/decisions/0044-a-listener-of-our-own.md).
std::optional<RequestTarget> read_request_target(std::string_view text);

}  // namespace base
