#pragma once

#include <string_view>

namespace proxy::router {

// The ASCII text, in lower case, that compatibility normalisation (NFKC, Unicode Standard Annex 15)
// makes of a character: "a" of a circled, mathematical or full-width one, "fi" of the ligature.
// Empty: it makes none of it. For characters beyond ASCII. Valid for ever.
std::string_view ascii_form(char32_t code);

}  // namespace proxy::router
