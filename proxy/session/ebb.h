#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace proxy::session {

// Tells when most of what was held for clients at its highest has been given back. The C library
// keeps what is freed between what is not, for later, and the kernel then counts it as ours for
// ever; asking it to let go walks through all of that, so it is worth it only after a flood. Pure.
class Ebb {
 public:
  // Less than that may stay: it is what a busy minute takes.
  static constexpr std::uint64_t kWorthBytes = 8u << 20;
  static constexpr std::chrono::seconds kInterval{10};

  // What is not held any more may be freed a little later only.
  static constexpr std::chrono::seconds kRest{1};

  // `held`: now. True: for some time there was much less than at the highest, which is then
  // forgotten.
  bool note(std::uint64_t held, base::SteadyTime now) {
    highest_ = std::max(highest_, held);
    if (highest_ < kWorthBytes || held > highest_ / 4) {
      due_ = {};
      return false;
    }
    if (due_ == base::SteadyTime{}) due_ = std::max(now + kRest, last_ + kInterval);
    if (now < due_) return false;
    highest_ = held;
    last_ = now;
    due_ = {};
    return true;
  }

 private:
  std::uint64_t highest_ = 0;  // since the last time
  base::SteadyTime last_{};
  base::SteadyTime due_{};  // while it is low
};

}  // namespace proxy::session
