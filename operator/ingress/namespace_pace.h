#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"

namespace ingress {

// When somebody of a namespace may be spoken of: a few at once, then one each so often, so that
// whoever fills a namespace fills nobody's Events. Pure but for memory, which is one time for each
// namespace that is ahead of the clock. Not thread-safe.
class NamespacePace {
 public:
  // As many Ingresses as a chart has, and one that is written by hand beside them.
  static constexpr int kBurst = 10;
  static constexpr std::chrono::seconds kOneEach{10};
  // Who would have to wait longer has no turn, and asks again later.
  static constexpr std::chrono::hours kAheadMax{1};

  // Takes a turn, and says when it is; nothing: there are too many before it.
  std::optional<base::SteadyTime> take_turn(const std::string& namespace_, base::SteadyTime now) {
    forget_the_past(now);
    // The generic cell rate algorithm: what is kept is the time of the next turn without a burst.
    const auto known = next_.find(namespace_);
    const base::SteadyTime next = known == next_.end() ? now : std::max(known->second, now);
    const base::SteadyTime turn = std::max(now, next - (kBurst - 1) * kOneEach);
    if (turn - now > kAheadMax) return std::nullopt;
    next_[namespace_] = next + kOneEach;
    return turn;
  }

  std::size_t size() const { return next_.size(); }

 private:
  void forget_the_past(base::SteadyTime now) {
    if (next_.size() < forget_at_) return;
    std::erase_if(next_, [&](const auto& entry) { return entry.second <= now; });
    constexpr std::size_t kAtLeast = 64;
    forget_at_ = 2 * next_.size() + kAtLeast;
  }

  std::map<std::string, base::SteadyTime> next_;
  std::size_t forget_at_ = 0;
};

}  // namespace ingress
