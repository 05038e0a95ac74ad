#pragma once

#include <cstddef>
#include <thread>

namespace program {

// When it is worth while to look for memory that nobody uses: the process has grown since the last
// time. Pure.
class ReleasePace {
 public:
  // Less is what comes and goes.
  static constexpr std::size_t kGrowthMin = 8u << 20;

  // resident: bytes of the process now.
  bool is_due(std::size_t resident) const { return resident >= after_last_ + kGrowthMin; }
  void note_released(std::size_t resident) { after_last_ = resident; }
  // What has become smaller by itself may grow again to where it was.
  void note(std::size_t resident) {
    if (resident < after_last_) after_last_ = resident;
  }

 private:
  std::size_t after_last_ = 0;
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
