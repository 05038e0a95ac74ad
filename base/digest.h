#pragma once

#include <string>
#include <string_view>

namespace base {

std::string sha256(std::string_view bytes);      // 32 raw bytes
std::string sha256_hex(std::string_view bytes);  // lower case, no separators
std::string hex_pairs(std::string_view bytes);   // "04:ab:..", lower case
std::string random_bytes(std::size_t count);     // from the system's generator; aborts if it fails

}  // namespace base
