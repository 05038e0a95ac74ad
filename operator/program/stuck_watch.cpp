#include "operator/program/stuck_watch.h"

#include <algorithm>
#include <utility>

namespace program {

namespace {

template <class Duration>
std::string seconds_text(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + " s";
}

}  // namespace

std::string StuckWatch::why_stuck(LoopProgress progress, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const auto since_asked = now - std::exchange(asked_at_, now);
  const LoopProgress before = std::exchange(last_, progress);
  const bool has_come_round = !std::exchange(was_asked_, true) || progress.rounds != before.rounds;
  if (has_come_round) processor_time_at_round_ = progress.processor_time;
  if (has_come_round || progress.processor_time != before.processor_time) {
    still_for_ = {};
  } else {
    still_for_ += std::min<base::SteadyTime::duration>(since_asked, limits_.apart);
  }
  if (still_for_ >= limits_.still) return "has not moved for " + seconds_text(still_for_);
  const auto busy = progress.processor_time - processor_time_at_round_;
  if (busy < limits_.busy) return {};
  return "has not come round in " + seconds_text(busy) + " of processor time";
}

}  // namespace program
