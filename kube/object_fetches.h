#pragma once

#include <chrono>
#include <compare>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.h"
#include "kube/named_kind.h"
#include "kube/object.h"
#include "kube/pause.h"

namespace kube {

// A name among those of a kind.
struct NameOfKind {
  NamedKind* kind = nullptr;
  ObjectKey name;
  auto operator<=>(const NameOfKind&) const = default;
};

// Fetches what somebody begins to name: a few requests at once, several names in one where the kind
// can. What fails is tried again while somebody wants it, later each time, and keeps no other name
// waiting. Thread-safe.
class ObjectFetches {
 public:
  class Waiter {
   public:
    virtual ~Waiter() = default;
    // What has this name is in the store, or is not there at all; it stays so during the call. On
    // a thread of the fetches, without a lock held.
    virtual void on_fetched(const NameOfKind& name) = 0;
  };
  struct Options {
    std::size_t at_once = 4;
    std::chrono::milliseconds backoff_first{500};
    std::chrono::milliseconds backoff_limit{10'000};
    Random random = real_random();
  };

  ObjectFetches() : ObjectFetches(Options{}) {}
  explicit ObjectFetches(Options options) : options_(std::move(options)) {}
  ObjectFetches(const ObjectFetches&) = delete;
  ObjectFetches& operator=(const ObjectFetches&) = delete;
  ~ObjectFetches() { stop(); }

  // Before start(); it outlives the threads.
  void tell(Waiter& waiter) { waiters_.push_back(&waiter); }
  void start();
  void request_stop();
  void stop();

  // The caller wants it. Also where it is being fetched: that may have been told of before the
  // caller waited for it. One that failed is not asked for before its time.
  void fetch(const NameOfKind& name);

 private:
  using Time = std::chrono::steady_clock::time_point;
  // Of one namespace.
  struct Batch {
    NamedKind* kind = nullptr;
    std::vector<ObjectKey> names;
    bool is_retry = false;
  };
  struct Failure {
    Backoff backoff;
    std::optional<Time> due{};  // none: it is being tried
  };
  class Want;

  void work(const std::stop_token& stop);
  std::optional<Batch> take(const std::stop_token& stop);
  void drop_unwanted(Batch& batch);
  void tell(const Batch& batch) const;
  void note_success(const Batch& batch);
  void note_failure(const Batch& batch, const base::Error& error);
  void end_retry();

  // ---- With the lock held.

  std::optional<Batch> take_new();
  std::optional<Batch> take_due(Time now);
  bool may_retry() const;
  void forget_failure(const NameOfKind& name);
  void set_due(const NameOfKind& name, Failure& failure, Time due);
  void note_change();

  const Options options_;
  std::vector<Waiter*> waiters_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::pair<NamedKind*, std::string>, std::set<ObjectKey>> waiting_;  // by namespace
  // Each for as long as somebody wants it, and its last delay: no more than are wanted.
  std::map<NameOfKind, Failure> failed_;
  std::set<std::pair<Time, NameOfKind>> by_time_;  // of those the ones that have a time
  std::size_t retries_ = 0;                        // under way
  unsigned changes_ = 0;  // lets a sleeping take() see that something moved under it
  std::vector<std::jthread> threads_;
};

}  // namespace kube
