#pragma once

#include <cstddef>
#include <string_view>

namespace base {

// How many bytes the character has that `text` begins with in UTF-8 (RFC 3629 §4): 1 to 4. 0: there
// is none, or the bytes are no character: cut short, longer than needed, a surrogate, or beyond
// U+10FFFF. Pure; any thread.
std::size_t utf8_character_bytes(std::string_view text);

}  // namespace base
