#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace proxy::http2 {

// How many of its streams a client may have reset, by itself (Rapid Reset, CVE-2023-44487) or by
// breaking them so that we must (MadeYouReset, CVE-2025-8671): either way a request was begun in
// vain, and the limit on concurrent streams does not count it any more. So many at once, and so
// many more per second. Pure.
class ResetBudget {
 public:
  ResetBudget(std::uint64_t burst, std::uint64_t per_second)
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

 private:
  double burst_;
  double per_second_;
  double left_;
  base::SteadyTime last_{};
};

}  // namespace proxy::http2
