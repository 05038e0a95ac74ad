#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace proxy::http2 {

// How often a client may do what costs us something and brings nobody anything: so many at once,
// and so many more per second. What is of use may earn some more, up to as many at once. Pure.
class Budget {
 public:
  Budget(std::uint64_t burst, std::uint64_t per_second)
      : burst_(static_cast<double>(burst)),
        per_second_(static_cast<double>(per_second)),
        left_(burst_) {}

  // One more. False: that was too many.
  bool take(base::SteadyTime now) {
    if (last_ != base::SteadyTime{} && now > last_) {
      const std::chrono::duration<double> since = now - last_;
      left_ = std::min(burst_, left_ + since.count() * per_second_);
    }
    last_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

  void earn(unsigned count) { left_ = std::min(burst_, left_ + count); }

 private:
  double burst_;
  double per_second_;
  double left_;
  base::SteadyTime last_{};
};

}  // namespace proxy::http2
