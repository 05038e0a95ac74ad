#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>

#include "base/clock.h"
#include "base/sorted_blocks.h"
#include "kube/object.h"

namespace kube {

// The rules of the queue, without threads or a clock, so that every rule has a plain test:
//   - a key waits at most once;
//   - a key being worked on is never handed out a second time;
//   - a key added while it is worked on is handed out again after finish();
//   - of several delays for one key the earliest wins.
class QueueRules {
 public:
  void add(const ObjectKey& key);
  void add_at(const ObjectKey& key, base::SteadyTime ready_at);
  std::optional<ObjectKey> take(base::SteadyTime now);
  void finish(const ObjectKey& key);
  // When the first delayed key becomes ready; nothing when none is delayed.
  std::optional<base::SteadyTime> next_ready_at() const;

  std::size_t ready_count() const { return ready_.size(); }
  std::size_t delayed_count() const { return delayed_.size(); }

 private:
  void release_ready(base::SteadyTime now);

  std::deque<ObjectKey> ready_;
  std::set<ObjectKey> dirty_;  // waiting, or to be repeated once finished
  std::set<ObjectKey> in_progress_;
  std::map<ObjectKey, base::SteadyTime> delayed_;
  struct Delayed {
    base::SteadyTime ready_at;
    const ObjectKey* key = nullptr;  // of delayed_
    bool operator<(const Delayed& other) const {
      return ready_at != other.ready_at ? ready_at < other.ready_at : *key < *other.key;
    }
  };
  base::SortedBlocks<Delayed, std::less<Delayed>> by_time_;  // delayed_, earliest first
};

// QueueRules made safe for many threads, with retry back-off per key. Of those who sleep in take()
// one is woken for a key, and wakes another when it leaves something to wait for: so one of them at
// least always sleeps no longer than until the next key is ready.
class WorkQueue {
 public:
  using Duration = std::chrono::steady_clock::duration;
  struct Backoff {
    Duration first = std::chrono::milliseconds(500);
    Duration limit = std::chrono::minutes(5);
  };

  explicit WorkQueue(const base::Clock& clock) : WorkQueue(clock, Backoff{}) {}
  WorkQueue(const base::Clock& clock, Backoff backoff) : clock_(clock), backoff_(backoff) {}

  void add(const ObjectKey& key);
  void add_after(const ObjectKey& key, Duration delay);
  // Doubles the delay each time, until forget_failures. Returns the delay that it chose.
  Duration add_after_failure(const ObjectKey& key);
  void forget_failures(const ObjectKey& key);

  // Blocks until a key is ready; nothing once stop was requested, even when keys wait. The caller
  // must finish() what it took.
  std::optional<ObjectKey> take(const std::stop_token& stop);
  // The same without waiting; nothing when no key is ready.
  std::optional<ObjectKey> try_take();
  void finish(const ObjectKey& key);

  std::size_t ready_count() const;
  // Threads that wait in take(): of those counted, one hears of what changes from then on.
  std::size_t sleeping_count() const;

 private:
  template <class Change>
  void change(const Change& apply);
  std::optional<ObjectKey> take_ready();
  void wake_one();

  const base::Clock& clock_;
  const Backoff backoff_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  QueueRules rules_;
  std::map<ObjectKey, int> failures_;
  std::size_t sleeping_ = 0;
  unsigned changes_ = 0;  // lets a sleeping take() see that the rules moved under it
};

}  // namespace kube
