#include "base/plain_text.h"

#include <cstddef>

namespace base {

std::string without_controls(std::string text) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : '\0');
    // U+0080 to U+009F are two bytes each.
    const bool is_of_second_set = byte == 0xc2 && next >= 0x80 && next <= 0x9f;
    const bool is_control = byte < 0x20 || byte == 0x7f || is_of_second_set;
    text[end++] = is_control ? '?' : text[i];
    if (is_of_second_set) ++i;
  }
  text.resize(end);
  return text;
}

}  // namespace base
