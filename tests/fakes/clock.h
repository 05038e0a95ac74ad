#pragma once

#include <chrono>
#include <mutex>

#include "base/clock.h"

namespace fakes {

// Time that stands still until a test moves it. Safe to call from any thread.
class FakeClock final : public base::Clock {
 public:
  // 2026-01-01T00:00:00Z, so that texts in tests can be read.
  static constexpr base::WallTime kStart{std::chrono::seconds{1'767'225'600}};

  explicit FakeClock(base::WallTime now = kStart) : wall_(now) {}

  base::WallTime now() const override {
    const std::lock_guard lock(mutex_);
    return wall_;
  }
  base::SteadyTime steady_now() const override {
    const std::lock_guard lock(mutex_);
    return steady_;
  }

  // Both clocks go on together.
  void advance(std::chrono::steady_clock::duration duration) {
    const std::lock_guard lock(mutex_);
    wall_ += std::chrono::duration_cast<base::WallTime::duration>(duration);
    steady_ += duration;
  }
  // Somebody sets the wall clock; steady time does not notice.
  void set_wall(base::WallTime now) {
    const std::lock_guard lock(mutex_);
    wall_ = now;
  }

 private:
  mutable std::mutex mutex_;
  base::WallTime wall_;
  base::SteadyTime steady_{std::chrono::hours{1}};  // not zero: zero hides "never set"
};

}  // namespace fakes
