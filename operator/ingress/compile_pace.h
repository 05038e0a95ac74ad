#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace ingress {

// When the cluster may be compiled again. The pause stands behind a compilation: a change that
// comes at rest waits for nothing, and a cluster that never rests is compiled half of the time at
// most. A value, without a clock.
class CompilePace {
 public:
  // Behind a compilation at least this long: what follows a change within it is one compilation.
  explicit CompilePace(std::chrono::steady_clock::duration coalesce) : coalesce_(coalesce) {}

  void on_compiled(base::SteadyTime begin, base::SteadyTime end) {
    // The first reads every certificate, which no other does: it tells nothing of the next.
    const auto pause = is_first_ ? coalesce_ : std::max(coalesce_, end - begin);
    is_first_ = false;
    earliest_ = end + pause;
  }

  // For how long a compilation that is wanted now has to wait.
  std::chrono::steady_clock::duration wait(base::SteadyTime now) const {
    return is_first_ ? std::chrono::steady_clock::duration::zero()
                     : std::max(std::chrono::steady_clock::duration::zero(), earliest_ - now);
  }

 private:
  std::chrono::steady_clock::duration coalesce_;
  bool is_first_ = true;  // none is done yet
  base::SteadyTime earliest_{};
};

}  // namespace ingress
