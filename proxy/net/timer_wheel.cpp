#include "proxy/net/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace proxy::net {

void Timer::unlink() {
  if (next_ == nullptr) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  next_ = previous_ = nullptr;
}

void Timer::link_before(Timer& head) {
  previous_ = head.previous_;
  next_ = &head;
  previous_->next_ = this;
  head.previous_ = this;
}

TimerWheel::TimerWheel(base::SteadyTime start) : start_(start) {
  for (Timer& head : slots_) head.previous_ = head.next_ = &head;
  due_.previous_ = due_.next_ = &due_;
}

std::uint64_t TimerWheel::tick_of(base::SteadyTime time) const {
  if (time <= start_) return 0;
  const auto since = time - start_;
  return static_cast<std::uint64_t>((since + kTick - base::SteadyTime::duration(1)) / kTick);
}

void TimerWheel::arm(Timer& timer, base::SteadyTime deadline) {
  timer.deadline_ = deadline;
  // Linked in a slot that comes up no later: that visit will move it on.
  if (timer.next_ != nullptr && timer.tick_ <= std::max(tick_of(deadline), current_ + 1)) return;
  timer.unlink();
  link(timer);
}

void TimerWheel::link(Timer& timer) {
  // Further away than one round: it waits in the last slot and is linked again from there.
  timer.tick_ =
      std::clamp<std::uint64_t>(tick_of(timer.deadline_), current_ + 1, current_ + kSlots - 1);
  const std::size_t slot = timer.tick_ % kSlots;
  timer.link_before(slots_[slot]);
  used_[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

void TimerWheel::advance(base::SteadyTime now) {
  collect(now);
  while (has_due()) fire_one(now);
}

void TimerWheel::advance(base::SteadyTime now, TurnSlice::Clock clock) {
  collect(now);
  if (!has_due()) return;
  const TurnSlice slice(clock);
  do {
    fire_one(now);
  } while (has_due() && !slice.is_over());
}

void TimerWheel::collect(base::SteadyTime now) {
  if (now < start_) return;
  const auto target = static_cast<std::uint64_t>((now - start_) / kTick);
  // After a long sleep one round visits every slot; what is not due yet is linked again.
  if (target > current_ + kSlots) current_ = target - kSlots;
  while (current_ < target) {
    ++current_;
    collect_slot(current_ % kSlots);
  }
}

// They move to a list of their own, from which targets can unlink any of them.
void TimerWheel::collect_slot(std::size_t slot) {
  const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
  if ((used_[slot / 64] & bit) == 0) return;
  used_[slot / 64] &= ~bit;
  Timer& head = slots_[slot];
  while (head.next_ != &head) {
    Timer& timer = *head.next_;
    timer.unlink();
    timer.link_before(due_);
  }
}

void TimerWheel::fire_one(base::SteadyTime now) {
  Timer& timer = *due_.next_;
  timer.unlink();
  if (!timer.is_armed()) return;
  if (timer.deadline_ > now) {
    link(timer);
    return;
  }
  timer.disarm();
  timer.target_->on_timer(timer);
}

std::optional<base::SteadyTime> TimerWheel::next_due() const {
  if (has_due()) return start_ + kTick * static_cast<std::int64_t>(current_);
  // From the slot after the current one, once around, a word of the bitmap at a time.
  const std::size_t first = (current_ + 1) % kSlots;
  const auto due_in = [&](std::uint64_t word, std::size_t slot) {
    const std::size_t found = slot + static_cast<std::size_t>(std::countr_zero(word));
    const std::size_t ahead = (found - first) % kSlots;
    return start_ + kTick * static_cast<std::int64_t>(current_ + 1 + ahead);
  };
  const std::uint64_t* const words = used_.data();
  const std::size_t begin = first / 64;
  const std::uint64_t earlier = (std::uint64_t{1} << (first % 64)) - 1;  // of the first word
  if (const auto word = words[begin] & ~earlier; word != 0) return due_in(word, begin * 64);
  for (std::size_t i = begin + 1; i < used_.size(); ++i) {
    if (words[i] != 0) return due_in(words[i], i * 64);
  }
  for (std::size_t i = 0; i < begin; ++i) {
    if (words[i] != 0) return due_in(words[i], i * 64);
  }
  if (const auto word = words[begin] & earlier; word != 0) return due_in(word, begin * 64);
  return std::nullopt;
}

}  // namespace proxy::net
