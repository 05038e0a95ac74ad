#pragma once

#include <algorithm>
#include <cstddef>

namespace proxy::session {

// What one connection may do before the others of its worker have their turn: a peer that always
// has more to send would keep the worker to itself else. Whoever has spent it asks
// Worker::resume_soon() for the next. Pure.
class TurnBudget {
 public:
  // As much as one flush of HTTP/2 sends: some 50 us of work with TLS.
  static constexpr std::size_t kBytes = 128u << 10;
  // A step costs something however little it moves: 16 small reads or requests are a turn's work.
  static constexpr std::size_t kStepBytes = 8u << 10;

  bool is_spent() const { return left_ == 0; }
  // A read or a move of so many bytes, or (0) a request that was dealt with.
  void spend(std::size_t bytes = 0) { left_ -= std::min(left_, std::max(bytes, kStepBytes)); }

 private:
  std::size_t left_ = kBytes;
};

}  // namespace proxy::session
