#pragma once

#include <string_view>

namespace base {

// "Not Found": the registered phrase of a status (RFC 9110 §15, RFC 6585). Empty for one without:
// it is for people, and an answer may be without (RFC 9112 §4).
std::string_view status_phrase(int status);

}  // namespace base
