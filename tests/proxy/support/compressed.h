#pragma once

#include <string>
#include <string_view>

namespace proxy::support {

// A body as a backend would compress it.
enum class Wrapping { gzip, zlib, none };
std::string compressed(std::string_view text, Wrapping wrapping = Wrapping::gzip);

}  // namespace proxy::support
