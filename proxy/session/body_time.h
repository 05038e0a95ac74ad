#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace proxy::session {

// Whether a client sends the body of its request fast enough to be waited for: a body that trickles
// holds a connection to an endpoint, and never lets an idle limit run out. A client has some time
// to begin with, more for each byte that came, and so much for all of it. Only the time counts in
// which it was awaited: not that in which the endpoint takes nothing. Pure.
class BodyTime {
 public:
  struct Limits {
    std::chrono::milliseconds grace{};
    // As Apache's mod_reqtimeout has it by default: less than any line that people still use.
    std::uint64_t bytes_per_second_min = 500;
    std::chrono::milliseconds total{};
  };

  // From now on more is awaited.
  void await(base::SteadyTime now) {
    if (!is_awaited_) since_ = now;
    is_awaited_ = true;
  }
  // So much came.
  void note(base::SteadyTime now, std::uint64_t bytes) {
    if (is_awaited_) spent_ += now - since_;
    bytes_ += bytes;
    since_ = now;
  }
  // Whatever comes now waits, and not for the client.
  void pause(base::SteadyTime now) {
    note(now, 0);
    is_awaited_ = false;
  }
  bool is_too_slow(const Limits& limits) const {
    const auto earned = std::chrono::milliseconds(bytes_ * 1'000 / limits.bytes_per_second_min);
    return spent_ > std::min<std::chrono::nanoseconds>(limits.grace + earned, limits.total);
  }

 private:
  bool is_awaited_ = false;
  base::SteadyTime since_{};
  std::chrono::nanoseconds spent_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace proxy::session
