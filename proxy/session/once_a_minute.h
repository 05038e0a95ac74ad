#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"

namespace proxy::session {

// Something that is said once a minute, however often it happens. Pure.
class OnceAMinute {
 public:
  // It has happened again. True: now it is said.
  bool is_due(base::SteadyTime now) {
    if (said_at_ && now - *said_at_ < std::chrono::minutes(1)) return false;
    said_at_ = now;
    return true;
  }

 private:
  std::optional<base::SteadyTime> said_at_;
};

}  // namespace proxy::session
