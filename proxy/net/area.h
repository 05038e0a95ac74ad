#pragma once

#include <cstddef>
#include <memory>

namespace proxy::net {

// Memory that is read into, behind some headroom: a rewritten head is longer than the one received.
// One of each kind for a worker, used during one event.
class Area {
 public:
  static constexpr std::size_t kHeadroom = 8u << 10;
  static constexpr std::size_t kTailroom = 64;
  // What one read takes.
  static constexpr std::size_t kReadBytes = 64u << 10;

  explicit Area(std::size_t capacity)
      : capacity_(capacity), memory_(new char[kHeadroom + capacity + kTailroom]) {}
  char* begin() { return memory_.get() + kHeadroom; }
  std::size_t capacity() const { return capacity_; }
  std::size_t bytes() const { return kHeadroom + capacity_ + kTailroom; }
  // How much may be written right before this place.
  std::size_t room_before(const char* place) const {
    return static_cast<std::size_t>(place - memory_.get());
  }

 private:
  std::size_t capacity_;
  std::unique_ptr<char[]> memory_;
};

}  // namespace proxy::net
