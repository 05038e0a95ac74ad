#pragma once

#include <cstddef>

namespace proxy::http2 {

// Of a worker: what five uploads with the widest windows have.
inline constexpr std::size_t kWideWindowsBytesMax = 16u << 20;

// What clients of a worker may be let send at a time beyond the windows that every connection has
// (RFC 9113 §6.9), all of them together: so who uploads from far away is not held up, and the
// memory that endpoints which stall can tie up has a bound. That worker's thread only.
class WideWindows {
 public:
  explicit WideWindows(std::size_t bytes_max) : left_(bytes_max) {}

  // False: there is not so much left, or no memory. Whoever was given some gives it back when no
  // more can come of it.
  bool take(std::size_t bytes) {
    if (has_little_memory_ || bytes > left_) return false;
    left_ -= bytes;
    return true;
  }
  void give_back(std::size_t bytes) { left_ += bytes; }
  void note_memory(bool is_little) { has_little_memory_ = is_little; }

 private:
  std::size_t left_;
  bool has_little_memory_ = false;
};

}  // namespace proxy::http2
