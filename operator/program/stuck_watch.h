#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace program {

// How far a loop has come: its rounds, and the time that its thread has spent on a processor.
struct LoopProgress {
  std::uint64_t rounds = 0;
  std::chrono::nanoseconds processor_time{};
};

// Tells a loop that is stuck from one that is slow or was asleep, for /livez: whoever is killed for
// being slow begins anew, and is slower. What waits for ever uses no processor, and what goes in
// circles uses much of it without coming round; the clock on the wall proves neither, for a process
// may have a fifth of a processor, or be stopped for an hour. Thread-safe.
class StuckWatch {
 public:
  struct Limits {
    // Without a round and without a moment on a processor, while somebody asked.
    std::chrono::seconds still = std::chrono::seconds(60);
    // Of processor time within one round: ten times what 10,000 Ingresses with certificates take.
    std::chrono::seconds busy = std::chrono::seconds(600);
    // Between two questions no more than this is counted as time in which the loop could have
    // moved.
    std::chrono::seconds apart = std::chrono::seconds(30);
  };

  StuckWatch() : StuckWatch(Limits{}) {}
  explicit StuckWatch(Limits limits) : limits_(limits) {}

  // A sentence without its subject: "has not moved for 60 s"; empty: it is not stuck.
  std::string why_stuck(LoopProgress progress, base::SteadyTime now);

 private:
  const Limits limits_;
  std::mutex mutex_;
  bool was_asked_ = false;
  LoopProgress last_;
  base::SteadyTime asked_at_{};
  base::SteadyTime::duration still_for_{};
  std::chrono::nanoseconds processor_time_at_round_{};
};

}  // namespace program
