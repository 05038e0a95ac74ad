#pragma once

#include <algorithm>
#include <cstddef>
#include <thread>

namespace program {

// When it is worth while to look for memory that nobody uses: the process has grown since the last
// time, by much, or by a little and rests. Pure.
class ReleasePace {
 public:
  // Less is what comes and goes.
  static constexpr std::size_t kGrowthMin = 8u << 20;
  // Of a process that was the same at so many looks: it may stay so for days.
  static constexpr std::size_t kGrowthAtRest = 1u << 20;
  static constexpr int kLooksAtRest = 6;

  // resident: bytes of the process now.
  bool is_due(std::size_t resident) const {
    return resident >= after_last_ + (looks_at_rest_ < kLooksAtRest ? kGrowthMin : kGrowthAtRest);
  }
  void note_released(std::size_t resident) {
    after_last_ = resident;
    last_ = resident;
    looks_at_rest_ = 0;
  }
  // At each look. What has become smaller by itself may grow again to where it was.
  void note(std::size_t resident) {
    if (resident < after_last_) after_last_ = resident;
    const bool rests = resident < last_ + kMoves && last_ < resident + kMoves;
    looks_at_rest_ = rests ? std::min(looks_at_rest_ + 1, kLooksAtRest) : 0;
    last_ = resident;
  }

 private:
  static constexpr std::size_t kMoves = 256u << 10;

  std::size_t after_last_ = 0;
  std::size_t last_ = 0;
  int looks_at_rest_ = 0;  // in a row, and no more than count
};

// Gives memory back that the allocator keeps for later: a first listing, or a burst, takes a
// multiple of what stays of it, in pieces between what stays. Looks now and then, on a thread of
// its own, for as long as it lives.
class SpareMemory {
 public:
  SpareMemory();

 private:
  std::jthread thread_;
};

}  // namespace program
