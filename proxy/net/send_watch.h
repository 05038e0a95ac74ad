#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace proxy::net {

// Judges whether a peer still takes what it is sent. epoll cannot tell: it calls a socket writable
// only when a third of its buffer is free, and a slow peer may need minutes to empty megabytes.
// What the peer has acknowledged (acknowledged_bytes) grows with every bit that it takes. One that
// takes a byte now and then, to be kept for ever, takes too little. Pure.
class SendWatch {
 public:
  // How long after begin(), and after each look, to look (again): a stall is told by a quarter of
  // the limit late at most.
  static constexpr std::chrono::milliseconds next_look(std::chrono::milliseconds limit) {
    return limit / 4;
  }

  // Something is waiting to be sent from now on.
  void begin(base::SteadyTime now) { moved_at_ = now; }

  // A modem of 1980 was three times as fast. No more than this is asked for, however long the
  // limit.
  static constexpr std::int64_t kLeastBytesPerSecond = 100;
  static constexpr std::int64_t kLeastBytesMax = 16 << 10;

  // `acknowledged`: all that the peer ever took. True: too little of it in the last `limit`.
  bool has_stalled(std::uint64_t acknowledged, base::SteadyTime now,
                   std::chrono::milliseconds limit) {
    if (acknowledged - acknowledged_ >= least_bytes(limit)) {
      acknowledged_ = acknowledged;
      moved_at_ = now;
    }
    return now - moved_at_ >= limit;
  }

  // When it had taken enough for the last time.
  base::SteadyTime moved_at() const { return moved_at_; }

 private:
  static constexpr std::uint64_t least_bytes(std::chrono::milliseconds limit) {
    const std::int64_t bytes =
        std::min(kLeastBytesMax, limit.count() * kLeastBytesPerSecond / 1'000);
    return static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 1));
  }

  std::uint64_t acknowledged_ = 0;
  base::SteadyTime moved_at_{};
};

}  // namespace proxy::net
