#pragma once

#include <string_view>

namespace proxy::http {

// "Not Found"; "Unknown" for a status without a registered phrase.
std::string_view status_text(int status);

}  // namespace proxy::http
