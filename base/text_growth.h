#pragma once

#include <cstddef>
#include <string>

namespace base {

// Gives a text room for so many bytes in all and for no more, where its memory is counted: its own
// reserve() makes it twice what it has at least. Its bytes are copied, and lie elsewhere then.
inline void grow_to(std::string& text, std::size_t capacity) {
  std::string grown;
  grown.reserve(capacity);
  grown.append(text);
  text.swap(grown);
}

}  // namespace base
