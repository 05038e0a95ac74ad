#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "proxy/net/turn_slice.h"

namespace proxy::net {

class Timer;

// Who is told that a timer's time has come.
class TimerTarget {
 public:
  virtual void on_timer(Timer& timer) = 0;

 protected:
  ~TimerTarget() = default;
};

// One deadline, part of its owner. It must be armed in one wheel only, and unlinks itself when it
// is destroyed.
class Timer {
 public:
  explicit Timer(TimerTarget& target) : target_(&target) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { unlink(); }

  bool is_armed() const { return deadline_ != base::SteadyTime::max(); }
  base::SteadyTime deadline() const { return deadline_; }
  // Takes the deadline away. Stays in the wheel, where it is dropped without a word.
  void disarm() { deadline_ = base::SteadyTime::max(); }

 private:
  friend class TimerWheel;
  Timer() = default;  // the head of a list
  void unlink();
  void link_before(Timer& head);

  TimerTarget* target_ = nullptr;
  Timer* previous_ = nullptr;
  Timer* next_ = nullptr;
  base::SteadyTime deadline_ = base::SteadyTime::max();
  std::uint64_t tick_ = 0;  // the slot it is linked in, while linked
};

// Deadlines by the hundred thousand. A hashed wheel of coarse ticks; moving a deadline further away
// (what nearly every request does) writes one number and moves nothing: the timer is looked at when
// its old slot comes up, and linked again for the rest. Never early, and late by a tick at most,
// and by what others take whose deadline is the same. Used by one thread.
class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds kTick{20};
  static constexpr std::size_t kSlots = 1024;  // one round is about 20 s; a power of two

  explicit TimerWheel(base::SteadyTime start);

  // Replaces the deadline that the timer had. A deadline in the past fires at the next tick.
  void arm(Timer& timer, base::SteadyTime deadline);
  // Fires what is due. Targets may arm, disarm and destroy any timer meanwhile.
  void advance(base::SteadyTime now);
  // The same for a slice of a turn, and at least one; has_due(): the others are for the next call.
  void advance(base::SteadyTime now, TurnSlice::Clock clock);
  bool has_due() const { return due_.next_ != &due_; }
  // When advance() should be called next; may be early, never late. Nothing: no timer is linked.
  std::optional<base::SteadyTime> next_due() const;

 private:
  std::uint64_t tick_of(base::SteadyTime time) const;  // rounded up
  void link(Timer& timer);
  void collect(base::SteadyTime now);
  void collect_slot(std::size_t slot);
  void fire_one(base::SteadyTime now);

  base::SteadyTime start_;
  std::uint64_t current_ = 0;  // all ticks up to here were run
  std::array<Timer, kSlots> slots_{};
  Timer due_;  // of slots that have come up; some of them have been moved away since
  std::array<std::uint64_t, kSlots / 64> used_{};  // a bit per slot that may have timers
};

}  // namespace proxy::net
