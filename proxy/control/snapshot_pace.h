#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/clock.h"

namespace proxy::control {

// When the state that is served is written next. No time of its own, no threads. A change is
// written at once, but not sooner after the last one than a while, and than many times as long as
// that took: so writing takes a twentieth of a core at most. What has not changed is written again
// before it would be too old to be used.
class SnapshotPace {
 public:
  struct Times {
    std::chrono::milliseconds between{10'000};
    std::chrono::milliseconds again{900'000};  // without a change
    std::chrono::milliseconds after_failure{60'000};
  };
  static constexpr int kShare = 20;

  explicit SnapshotPace(const Times& times) : times_(times) {}

  void note_change(base::SteadyTime now) {
    has_changed_ = true;
    if (!due_ || *due_ > not_before_) due_ = std::max(now, not_before_);
  }
  void note_written(base::SteadyTime now, std::chrono::milliseconds took) {
    has_changed_ = false;
    not_before_ = now + std::max(times_.between, took * kShare);
    due_ = std::max(now + times_.again, not_before_);
  }
  // Changes meanwhile wait, too: what hinders one hinders the next.
  void note_failed(base::SteadyTime now) {
    has_changed_ = true;
    not_before_ = now + times_.after_failure;
    due_ = not_before_;
  }

  // Nothing: there is nothing to write yet.
  std::optional<base::SteadyTime> due() const { return due_; }
  // Since it was written.
  bool has_changed() const { return has_changed_; }

 private:
  Times times_;
  bool has_changed_ = false;
  base::SteadyTime not_before_{};
  std::optional<base::SteadyTime> due_;
};

}  // namespace proxy::control
