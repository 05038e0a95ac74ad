#include "kube/work_queue.h"

#include <algorithm>
#include <utility>

namespace kube {

void QueueRules::add(const ObjectKey& key) {
  if (!dirty_.insert(key).second) return;
  // While it is worked on it stays in dirty_ alone, and finish() queues it again.
  if (in_progress_.count(key) == 0) ready_.push_back(key);
}

void QueueRules::add_at(const ObjectKey& key, base::SteadyTime ready_at) {
  const auto [place, is_new] = delayed_.emplace(key, ready_at);
  if (!is_new) {
    if (place->second <= ready_at) return;
    by_time_.erase(Delayed{place->second, &place->first});
    place->second = ready_at;
  }
  by_time_.insert({ready_at, &place->first});
}

std::optional<ObjectKey> QueueRules::take(base::SteadyTime now) {
  release_ready(now);
  if (ready_.empty()) return std::nullopt;
  ObjectKey key = std::move(ready_.front());
  ready_.pop_front();
  dirty_.erase(key);
  in_progress_.insert(key);
  return key;
}

void QueueRules::finish(const ObjectKey& key) {
  in_progress_.erase(key);
  if (dirty_.count(key) != 0) ready_.push_back(key);
}

std::optional<base::SteadyTime> QueueRules::next_ready_at() const {
  const Delayed* const first = by_time_.first();
  return first == nullptr ? std::nullopt : std::optional(first->ready_at);
}

void QueueRules::release_ready(base::SteadyTime now) {
  for (auto first = by_time_.first(); first != nullptr && first->ready_at <= now;
       first = by_time_.first()) {
    const Delayed ready = *first;
    const ObjectKey key = *ready.key;
    by_time_.erase(ready);
    delayed_.erase(key);
    add(key);
  }
}

// Whoever sleeps knows of what was there before: of more that is ready, or of what is ready
// earlier, one of them must hear.
template <class Change>
void WorkQueue::change(const Change& apply) {
  const std::lock_guard lock(mutex_);
  const std::size_t ready_before = rules_.ready_count();
  const auto next_before = rules_.next_ready_at();
  apply();
  if (rules_.ready_count() > ready_before || rules_.next_ready_at() != next_before) wake_one();
}

// With the lock held.
void WorkQueue::wake_one() {
  ++changes_;
  changed_.notify_one();
}

// With the lock held. Whoever takes a key has other things to do than to wait for the next one.
std::optional<ObjectKey> WorkQueue::take_ready() {
  auto key = rules_.take(clock_.steady_now());
  if (key && (rules_.ready_count() != 0 || rules_.next_ready_at())) wake_one();
  return key;
}

void WorkQueue::add(const ObjectKey& key) {
  change([&] { rules_.add(key); });
}

void WorkQueue::add_after(const ObjectKey& key, Duration delay) {
  change([&] { rules_.add_at(key, clock_.steady_now() + delay); });
}

WorkQueue::Duration WorkQueue::add_after_failure(const ObjectKey& key) {
  Duration delay = backoff_.first;
  change([&] {
    int& failures = failures_[key];
    for (int i = 0; i < failures && delay < backoff_.limit; ++i) delay *= 2;
    delay = std::min(delay, backoff_.limit);
    ++failures;
    rules_.add_at(key, clock_.steady_now() + delay);
  });
  return delay;
}

void WorkQueue::forget_failures(const ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  failures_.erase(key);
}

std::optional<ObjectKey> WorkQueue::take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (auto key = take_ready()) return key;
    const unsigned seen = changes_;
    const auto has_changed = [&] { return changes_ != seen; };
    ++sleeping_;
    if (const auto ready_at = rules_.next_ready_at()) {
      changed_.wait_for(lock, stop, *ready_at - clock_.steady_now(), has_changed);
    } else {
      changed_.wait(lock, stop, has_changed);
    }
    --sleeping_;
  }
  return std::nullopt;
}

std::optional<ObjectKey> WorkQueue::try_take() {
  const std::lock_guard lock(mutex_);
  return take_ready();
}

void WorkQueue::finish(const ObjectKey& key) {
  change([&] { rules_.finish(key); });
}

std::size_t WorkQueue::ready_count() const {
  const std::lock_guard lock(mutex_);
  return rules_.ready_count();
}

std::size_t WorkQueue::sleeping_count() const {
  const std::lock_guard lock(mutex_);
  return sleeping_;
}

}  // namespace kube
