#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "proxy/http/character_tables.h"

// Names in lower case, eight bytes at a time. Pure; any thread.
namespace proxy::http {

// Of eight bytes, each by itself: seven bits of each are added to, so that none carries into the
// next.
constexpr std::uint64_t lower_of_eight(std::uint64_t bytes) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kHighBits = 0x80 * kEach;
  const std::uint64_t low = bytes & ~kHighBits;
  const std::uint64_t from_a = low + (0x80 - 'A') * kEach;   // has the high bit from 'A' on
  const std::uint64_t above_z = low + (0x7f - 'Z') * kEach;  // has it from behind 'Z' on
  const std::uint64_t capitals = from_a & ~above_z & ~bytes & kHighBits;
  return bytes | (capitals >> 2);  // 0x20, which no capital has
}

// Writes as many bytes as `text` has, which may lie there already.
inline void write_lower(std::string_view text, char* out) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  if (text.size() < kWord) {
    for (const char c : text) *out++ = lower(c);
    return;
  }
  for (std::size_t done = 0; done < text.size(); done += kWord) {
    // The last word is the last eight bytes, some of which were written already.
    const std::size_t at = std::min(done, text.size() - kWord);
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, kWord);
    word = lower_of_eight(word);
    std::memcpy(out + at, &word, kWord);
  }
}

}  // namespace proxy::http
