#pragma once

#include <chrono>

#include "base/clock.h"

namespace proxy::net {

inline base::SteadyTime machine_clock() {
  return std::chrono::steady_clock::now();
}

// How long in a turn those may go on, one after the other, who need no answer at once: then new
// events are looked for, and the others have their time in the next turn. By the clock, since
// nobody knows before what one of them takes: the end of a connection of HTTP/2 is that of a
// hundred requests.
class TurnSlice {
 public:
  static constexpr std::chrono::milliseconds kTime{1};
  using Clock = base::SteadyTime (*)();

  explicit TurnSlice(Clock clock) : clock_(clock), begun_(clock()) {}
  bool is_over() const { return clock_() - begun_ >= kTime; }

 private:
  Clock clock_;
  base::SteadyTime begun_;
};

}  // namespace proxy::net
