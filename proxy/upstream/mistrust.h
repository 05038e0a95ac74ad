#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace proxy::upstream {

// For how long an endpoint that sent bytes nobody asked for has each of its connections used once
// only. One hiccup costs it little; one that goes on, as a bug in an application does, has twice as
// long each time, so that it soon gets next to no chance to do harm. Pure.
class Mistrust {
 public:
  // As long as a kubelet looks away from a Pod by default; what else was on its way is here by
  // then.
  static constexpr std::chrono::milliseconds kTimeMin{10'000};
  // About what it takes somebody to mend it.
  static constexpr std::chrono::milliseconds kTimeMax{3'600'000};

  bool is_on(base::SteadyTime now) const { return now < until_; }
  // It ever did so.
  bool has_cause() const { return time_.count() != 0; }

  // It did so. What it does meanwhile says nothing new, and only that it does not stop.
  void note(base::SteadyTime now) {
    if (!is_on(now)) {
      // Who was good for as long as it was mistrusted begins anew.
      const bool did_so_lately = time_.count() != 0 && now < until_ + time_;
      time_ = did_so_lately ? std::min(time_ * 2, kTimeMax) : kTimeMin;
    }
    until_ = now + time_;
  }

 private:
  std::chrono::milliseconds time_{0};
  base::SteadyTime until_{};
};

}  // namespace proxy::upstream
