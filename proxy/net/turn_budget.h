#pragma once

#include <algorithm>
#include <cstddef>

namespace proxy::net {

// What one connection may do before the others of its worker have their turn: a peer that always
// has more to send would keep the worker to itself else. Whoever has spent it asks
// Loop::resume_soon() for the next. Pure.
//
// Bytes are what most work is measured by. What comes in small pieces takes far longer than its
// bytes say, so each piece counts as the bytes that take as long, and a step deals with no more
// pieces than fit in a turn: what is left of a read waits, where it was read.
class TurnBudget {
 public:
  // As much as one flush of HTTP/2 sends: some 50 us of work with TLS.
  static constexpr std::size_t kBytes = 128u << 10;
  // A step costs something however little it moves: 16 small reads or requests are a turn's work.
  static constexpr std::size_t kStepBytes = 8u << 10;

  // A turn moves 1 MiB at most: some 250 us of work, nearly all of it in sending.
  static constexpr std::size_t kMovedPerByte = 8;

  enum class Unit { tls_record, http2_frame, chunk };
  // A record is at most 16 KiB, and may be one byte (23 on the wire, about 1 us); a frame may be
  // nothing but its head of 9 bytes (some 300 ns); a chunk 6 bytes for one (some 40 ns). What is
  // read of a body without chunks, or of a tunnel, and handed on at once, counts as one.
  static constexpr std::size_t bytes_of(Unit unit) {
    switch (unit) {
      case Unit::tls_record:
        return 1u << 10;
      case Unit::http2_frame:
        return 512;
      case Unit::chunk:
        return 64;
    }
    return kStepBytes;
  }
  static constexpr std::size_t units_per_step(Unit unit) { return kBytes / bytes_of(unit); }

  bool is_spent() const { return left_ == 0; }
  // A read or a move of so many bytes, or (0) a request that was dealt with.
  void spend(std::size_t bytes = 0) { take(std::max(bytes, kStepBytes)); }
  // A move inside the kernel, where no byte is looked at. Turns of 128 KiB would cut an upload into
  // pieces whose own cost, of the endpoint's answers and of the kernel, is a quarter of the whole.
  void spend_moved(std::size_t bytes) { spend(bytes / kMovedPerByte); }
  // So many pieces, whatever is in them.
  void spend(Unit unit, std::size_t count) { take(count * bytes_of(unit)); }

 private:
  void take(std::size_t bytes) { left_ -= std::min(left_, bytes); }

  std::size_t left_ = kBytes;
};

}  // namespace proxy::net
