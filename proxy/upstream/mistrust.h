#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace proxy::upstream {

// How an endpoint is treated that sent bytes nobody asked for. For some time each of its
// connections is used once only: one hiccup costs it little; one that goes on, as a bug in an
// application does, has twice as long each time. After that its connections are used again when
// they were silent for a moment, in which what else comes unasked shows itself and harms nobody.
// Pure.
class Mistrust {
 public:
  struct Times {
    // As long as a kubelet looks away from a Pod by default; what else was on its way is here by
    // then.
    std::chrono::milliseconds min{10'000};
    // About what it takes somebody to mend it. Who was good for as long is like any other.
    std::chrono::milliseconds max{3'600'000};
    // A second answer follows the first at once, or after what the application does in between.
    std::chrono::milliseconds silence{1'000};
  };

  explicit Mistrust(const Times& times) : times_(times) {}

  // No connection is to be used again.
  bool is_on(base::SteadyTime now) const { return now < until_; }
  // It did so not too long ago.
  bool has_cause(base::SteadyTime now) const {
    return time_.count() != 0 && now < until_ + times_.max;
  }
  // Whether a connection may be used again that has been silent since then.
  bool allows(base::SteadyTime now, base::SteadyTime silent_since) const {
    return !is_on(now) && (!has_cause(now) || now - silent_since >= times_.silence);
  }

  // It did so. What it does meanwhile says nothing new, and only that it does not stop.
  void note(base::SteadyTime now) {
    if (!is_on(now)) {
      // Who was good for as long as it was mistrusted begins anew.
      const bool did_so_lately = time_.count() != 0 && now < until_ + time_;
      time_ = did_so_lately ? std::min(time_ * 2, times_.max) : times_.min;
    }
    until_ = now + time_;
  }

 private:
  Times times_;
  std::chrono::milliseconds time_{0};
  base::SteadyTime until_{};
};

}  // namespace proxy::upstream
