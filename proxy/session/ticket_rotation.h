#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"

namespace proxy::session {

// When a proxy makes session ticket keys of its own: each hour, unless somebody gave it some within
// the last two. Those are changed by whoever gives them (TicketKeys::from_bytes()). Pure.
class TicketRotation {
 public:
  explicit TicketRotation(base::SteadyTime now) : looked_at_(now) {}

  // Keys were given now.
  void note_given(base::SteadyTime now) { given_at_ = now; }

  // True, once an hour: a new key is to be made now.
  bool is_due(base::SteadyTime now) {
    if (now - looked_at_ < kKeyLife) return false;
    looked_at_ = now;
    return !given_at_ || now - *given_at_ >= 2 * kKeyLife;
  }

 private:
  static constexpr std::chrono::hours kKeyLife{1};

  base::SteadyTime looked_at_;
  std::optional<base::SteadyTime> given_at_;
};

}  // namespace proxy::session
