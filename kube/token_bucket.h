#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace kube {

// So many at once, and one more each so often. No clock of its own; not thread-safe.
class TokenBucket {
 public:
  TokenBucket(int burst, base::SteadyTime::duration one_each, base::SteadyTime now)
      : burst_(burst), one_each_(one_each), tokens_(burst), at_(now) {}

  // Takes one where more than `reserve` are there.
  bool take(base::SteadyTime now, int reserve = 0) {
    refill(now);
    if (tokens_ <= reserve) return false;
    --tokens_;
    return true;
  }
  // What was taken was not used.
  void give_back() { tokens_ = std::min(tokens_ + 1, burst_); }
  // When take() succeeds if nobody takes before.
  base::SteadyTime ready_at(base::SteadyTime now, int reserve = 0) {
    refill(now);
    return tokens_ > reserve ? now : at_ + one_each_ * (reserve + 1 - tokens_);
  }
  // As good as one that was never used.
  bool is_full(base::SteadyTime now) const { return tokens_ + (now - at_) / one_each_ >= burst_; }

 private:
  void refill(base::SteadyTime now) {
    const auto more = (now - at_) / one_each_;
    if (more <= 0) return;
    at_ += more * one_each_;
    tokens_ = static_cast<int>(std::min<long long>(burst_, tokens_ + more));
    if (tokens_ == burst_) at_ = now;
  }

  int burst_;
  base::SteadyTime::duration one_each_;
  int tokens_;
  base::SteadyTime at_;  // up to here it is filled
};

}  // namespace kube
