#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "proxy/net/area.h"
#include "proxy/net/pipe.h"

namespace proxy::session {

// The memory through which one worker's bytes pass. A connection uses it during one event and
// leaves nothing in it, so an idle connection holds no buffer at all.
struct Buffers {
  using Area = net::Area;

  explicit Buffers(std::size_t pipes_max) : pipes(pipes_max) {}

  static constexpr std::size_t kReadBytes = Area::kReadBytes;
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

  // What each of these texts keeps for the next turn. What streams comes in smaller pieces; a body
  // that was gathered, and goes out at once, may be larger.
  static constexpr std::size_t kKeptBytes = 512u << 10;
  // At the end of a turn, when nobody uses them.
  void give_back() {
    for (std::string* const text : {&head, &gather, &frames}) {
      if (text->capacity() > kKeptBytes) std::string().swap(*text);
    }
  }
};

}  // namespace proxy::session
