#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace proxy::net {

// Judges whether a peer still takes what it is sent. epoll cannot tell: it calls a socket writable
// only when a third of its buffer is free, and a slow peer may need minutes to empty megabytes.
// What the peer has acknowledged (acknowledged_bytes) grows with every bit that it takes. Pure.
class SendWatch {
 public:
  // How long after begin(), and after each look, to look (again): a stall is told by a quarter of
  // the limit late at most.
  static constexpr std::chrono::milliseconds next_look(std::chrono::milliseconds limit) {
    return limit / 4;
  }

  // Something is waiting to be sent from now on.
  void begin(base::SteadyTime now) { moved_at_ = now; }

  // `acknowledged`: all that the peer ever took. True: nothing of it in the last `limit`.
  bool has_stalled(std::uint64_t acknowledged, base::SteadyTime now,
                   std::chrono::milliseconds limit) {
    if (acknowledged != acknowledged_) {
      acknowledged_ = acknowledged;
      moved_at_ = now;
    }
    return now - moved_at_ >= limit;
  }

  base::SteadyTime moved_at() const { return moved_at_; }

 private:
  std::uint64_t acknowledged_ = 0;
  base::SteadyTime moved_at_{};
};

}  // namespace proxy::net
