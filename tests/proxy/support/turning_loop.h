#pragma once

#include <chrono>
#include <functional>

#include "proxy/net/loop.h"

namespace proxy::support {

// Turns a loop in the test's own thread, and never sleeps in it: what is waited for may be seen by
// the test alone.
class TurningLoop final : private net::TurnEnd {
 public:
  // The loop outlives it.
  explicit TurningLoop(net::Loop& loop) : loop_(loop) {}

  // At least one turn, and on until it is so; false when it was not within twenty seconds since
  // this was made.
  bool turn_until(const std::function<bool()>& is_so) {
    is_so_ = &is_so;
    loop_.run(*this);
    return is_so();
  }

 private:
  bool on_turn_end() override {
    const bool is_late = std::chrono::steady_clock::now() > began_ + std::chrono::seconds(20);
    if ((*is_so_)() || is_late) loop_.stop();
    return true;  // look again at once
  }

  net::Loop& loop_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  const std::function<bool()>* is_so_ = nullptr;
};

}  // namespace proxy::support
