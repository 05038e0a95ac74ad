#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "proxy/net/pipe.h"

namespace proxy::session {

// The memory through which one worker's bytes pass. A connection uses it during one event and
// leaves nothing in it, so an idle connection holds no buffer at all.
struct Buffers {
  // Bytes are read behind some headroom: a rewritten head is longer than the one received.
  class Area {
   public:
    static constexpr std::size_t kHeadroom = 8u << 10;
    static constexpr std::size_t kTailroom = 64;

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

  explicit Buffers(std::size_t pipes_max) : pipes(pipes_max) {}

  static constexpr std::size_t kReadBytes = 64u << 10;
  // A held part of a head, a read, and what TLS still held of a record.
  static constexpr std::size_t kPlainBytes = 2 * kReadBytes;

  Area client{kPlainBytes};
  Area upstream{kPlainBytes};
  std::unique_ptr<char[]> cipher{new char[kReadBytes]};
  std::size_t bytes() const { return client.bytes() + upstream.bytes() + kReadBytes; }
  net::Pipes pipes;    // for what is not read here at all
  std::string head;    // a head being written
  std::string gather;  // what could not be assembled in place
  std::string frames;  // HTTP/2 frames of one flush
};

}  // namespace proxy::session
