#pragma once

#include <cstdint>
#include <string_view>

namespace proxy::http {

// The methods that a proxy treats in a way of its own (RFC 9110 §9.3, RFC 5789); all others pass.
enum class Method : std::uint8_t { get, head, post, put, delete_, options, patch, trace, other };

// Case-sensitive (RFC 9110 §9.1).
Method method_of(std::string_view text);

}  // namespace proxy::http
