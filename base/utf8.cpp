#include "base/utf8.h"

namespace base {

std::size_t utf8_character_bytes(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                             : first >= 0xe0 && first <= 0xef ? 3
                             : first >= 0xf0 && first <= 0xf4 ? 4
                                                              : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool is_none = (first == 0xe0 && byte(1) < 0xa0) ||  // longer than needed
                       (first == 0xed && byte(1) > 0x9f) ||  // a surrogate
                       (first == 0xf0 && byte(1) < 0x90) ||  // longer than needed
                       (first == 0xf4 && byte(1) > 0x8f);    // beyond U+10FFFF
  return is_none ? 0 : length;
}

}  // namespace base
