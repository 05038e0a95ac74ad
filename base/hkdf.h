#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace base {

// RFC 5869 with SHA-256: `count` bytes that nobody can tell from random ones who does not know
// `secret`, which has the strength of a key. Another `info`, other bytes that say nothing of these.
// At most 255 * 32 bytes; aborts if the library fails.
std::string hkdf_sha256(std::string_view secret, std::string_view salt, std::string_view info,
                        std::size_t count);

}  // namespace base
