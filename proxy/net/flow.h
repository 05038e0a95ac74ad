#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "proxy/net/pipe.h"

namespace proxy::net {

// One direction of a body or a tunnel: whether what comes next is to be read and sent on, or moved
// inside the kernel. Two moves cost more than a read and a write, but nothing for each byte; so
// they pay while much comes at a time. Pure.
class Flow {
 public:
  static constexpr std::uint64_t kEndless = std::numeric_limits<std::uint64_t>::max();

  // How much of the next step may be moved, when this much is still to come; 0: it is to be read.
  // The end of a body is always read: what might follow it is then seen, and its last bytes go out
  // as any others do.
  std::size_t movable(std::uint64_t length_left) const {
    if (!is_bulk_ || length_left < kLengthLeftMin) return 0;
    return static_cast<std::size_t>(
        std::min<std::uint64_t>(length_left - kReadAtTheEnd, net::Pipe::kBytes));
  }
  // What came by a step; nothing says nothing.
  void note_read(std::size_t bytes) { is_bulk_ = bytes >= kBulkBytes; }
  void note_moved(std::size_t bytes) {
    if (bytes > 0) is_bulk_ = bytes >= kBulkBytes;
  }
  // Moving was not possible.
  void stop() { is_bulk_ = false; }
  // Much came at a time, by the last step.
  bool is_bulk() const { return is_bulk_; }

 private:
  static constexpr std::size_t kBulkBytes = 16u << 10;
  static constexpr std::uint64_t kLengthLeftMin = 64u << 10;
  static constexpr std::uint64_t kReadAtTheEnd = 4u << 10;

  bool is_bulk_ = false;
};

}  // namespace proxy::net
