#pragma once

#include <string>
#include <string_view>

// What protocols say of text in ASCII, whatever the locale is. Pure; any thread.
namespace base {

// Other bytes than A to Z stay.
std::string in_lower_case(std::string_view text);

// Without what stands around it of `blanks`: a view of `text`. By default the optional white space
// around the value of a field (RFC 9110 §5.6.3).
std::string_view trimmed(std::string_view text, std::string_view blanks = " \t");

// A method, the name of a field (RFC 9110 §5.6.2).
bool is_token(std::string_view text);

}  // namespace base
