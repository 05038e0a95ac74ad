#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace proxy::upstream {

// What one worker remembers of an endpoint that connects, and then fails its requests: it resets
// them, answers nothing in time, or what is no HTTP; where so configured, also with 5xx. Pure: the
// caller brings the time, and decides whether the cluster can do without it. Its states:
//
//   well      requests come by its turn; `failures` in a row are known
//   ejected   so many failed in a row; it is passed over until its pause is over
//   on trial  the pause is over: the next failure ejects it again, for twice as long; one answer
//             makes it well
class Ejection {
 public:
  struct Rules {
    // In a row: a request that no endpoint can answer comes now and then. 0: nobody is ejected.
    unsigned failures_max = 5;
    bool counts_server_errors = false;  // answers from 500
    // As Envoy's and linkerd's: long enough to be felt, short for an endpoint that has recovered.
    std::chrono::milliseconds pause_min{10'000};
    std::chrono::milliseconds pause_max{300'000};
  };

  // True: that was one too many.
  bool note_failure(const Rules& rules) {
    if (rules.failures_max == 0) return false;
    failures_ = std::min(failures_ + 1, rules.failures_max);
    return failures_ == rules.failures_max;
  }
  bool has_failures() const { return failures_ != 0; }
  void note_success() { failures_ = 0; }

  void begin(base::SteadyTime now, const Rules& rules) {
    // Who was good for as long as the last pause begins anew.
    const bool is_again = pause_.count() != 0 && now < until_ + pause_;
    pause_ = is_again ? std::min(pause_ * 2, rules.pause_max) : rules.pause_min;
    until_ = now + pause_;
    failures_ = rules.failures_max - 1;
  }
  bool is_out(base::SteadyTime now) const { return now < until_; }

 private:
  unsigned failures_ = 0;
  std::chrono::milliseconds pause_{0};
  base::SteadyTime until_{};
};

}  // namespace proxy::upstream
