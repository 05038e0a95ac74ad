#include "kube/object_fetches.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "kube/outage_log.h"

namespace kube {

// Until the waiters were told: who wanted the names may let go of them while they are fetched, and
// somebody else may begin to wait, who is told of this fetch, too.
class ObjectFetches::Want {
 public:
  explicit Want(const Batch& batch) : batch_(batch) {
    for (const ObjectKey& name : batch_.names) (void)batch_.kind->want(name);
  }
  Want(const Want&) = delete;
  Want& operator=(const Want&) = delete;
  ~Want() {
    for (const ObjectKey& name : batch_.names) batch_.kind->release(name);
  }

 private:
  const Batch& batch_;
};

void ObjectFetches::start() {
  for (std::size_t i = 0; i < options_.at_once; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

void ObjectFetches::request_stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void ObjectFetches::stop() {
  request_stop();
  threads_.clear();
}

void ObjectFetches::fetch(const NameOfKind& name) {
  const std::lock_guard lock(mutex_);
  const auto failed = failed_.find(name);
  if (failed != failed_.end() && failed->second.due) return;
  waiting_[{name.kind, name.name.namespace_}].insert(name.name);
  note_change();
}

void ObjectFetches::note_change() {
  ++changes_;
  changed_.notify_all();
}

std::optional<ObjectFetches::Batch> ObjectFetches::take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (auto batch = take_new()) return batch;
    if (auto batch = take_due(std::chrono::steady_clock::now())) return batch;
    const unsigned seen = changes_;
    const auto has_changed = [&] { return changes_ != seen; };
    if (may_retry()) {
      changed_.wait_until(lock, stop, Time(by_time_.begin()->first), has_changed);
    } else {
      changed_.wait(lock, stop, has_changed);
    }
  }
  return std::nullopt;
}

std::optional<ObjectFetches::Batch> ObjectFetches::take_new() {
  if (waiting_.empty()) return std::nullopt;
  const auto first = waiting_.begin();
  Batch batch;
  batch.kind = first->first.first;
  std::set<ObjectKey>& names = first->second;
  while (!names.empty() && batch.names.size() < batch.kind->names_at_once()) {
    batch.names.push_back(std::move(names.extract(names.begin()).value()));
  }
  if (names.empty()) waiting_.erase(first);
  return batch;
}

// Half of the threads: requests that take long before they fail leave the others to new names.
bool ObjectFetches::may_retry() const {
  return !by_time_.empty() && retries_ < std::max<std::size_t>(1, options_.at_once / 2);
}

std::optional<ObjectFetches::Batch> ObjectFetches::take_due(Time now) {
  if (!may_retry() || by_time_.begin()->first > now) return std::nullopt;
  const NameOfKind first = by_time_.begin()->second;
  Batch batch{first.kind, {}, true};
  const std::size_t at_once = first.kind->names_at_once();
  for (auto one = by_time_.begin(); one != by_time_.end() && one->first <= now;) {
    if (batch.names.size() == at_once) break;
    const NameOfKind& name = one->second;
    if (name.kind != first.kind || name.name.namespace_ != first.name.namespace_) {
      ++one;
      continue;
    }
    failed_.at(name).due.reset();
    batch.names.push_back(name.name);
    one = by_time_.erase(one);
  }
  ++retries_;
  return batch;
}

// Who wanted them is gone, or names something else by now. Whoever wants one from here on asks
// again, but for one that has a time: that stays until then, since he may count on it already.
void ObjectFetches::drop_unwanted(Batch& batch) {
  std::erase_if(batch.names, [&](const ObjectKey& name) {
    if (batch.kind->wanted(name)) return false;
    const std::lock_guard lock(mutex_);
    const auto failed = failed_.find({batch.kind, name});
    if (failed != failed_.end() && !failed->second.due) failed_.erase(failed);
    return true;
  });
}

void ObjectFetches::forget_failure(const NameOfKind& name) {
  const auto failed = failed_.find(name);
  if (failed == failed_.end()) return;
  if (failed->second.due) by_time_.erase({*failed->second.due, name});
  failed_.erase(failed);
}

void ObjectFetches::tell(const Batch& batch) const {
  for (const ObjectKey& name : batch.names) {
    for (Waiter* const waiter : waiters_) waiter->on_fetched({batch.kind, name});
  }
}

void ObjectFetches::note_success(const Batch& batch) {
  const std::lock_guard lock(mutex_);
  for (const ObjectKey& name : batch.names) forget_failure({batch.kind, name});
}

// What was asked for together is again.
void ObjectFetches::note_failure(const Batch& batch, const base::Error& error) {
  std::chrono::milliseconds delay = error.retry_after.value_or(std::chrono::seconds(0));
  {
    const std::lock_guard lock(mutex_);
    std::vector<std::map<NameOfKind, Failure>::iterator> failures;
    for (const ObjectKey& name : batch.names) {
      const Failure first{Backoff(options_.backoff_first, options_.backoff_limit, options_.random)};
      const auto failed = failed_.emplace(NameOfKind{batch.kind, name}, first).first;
      delay = std::max(delay, failed->second.backoff.next());
      failures.push_back(failed);
    }
    const Time due = std::chrono::steady_clock::now() + delay;
    for (const auto& failed : failures) set_due(failed->first, failed->second, due);
    note_change();
  }
  spdlog::log(
      is_outage(error) ? spdlog::level::debug : spdlog::level::warn,
      "reading {}, which is named for the first time: {}; whoever names it stays as it was, and "
      "it is tried again in {} ms",
      batch.names.front().text(), error.message, delay.count());
}

void ObjectFetches::set_due(const NameOfKind& name, Failure& failure, Time due) {
  if (failure.due) by_time_.erase({*failure.due, name});
  failure.due = due;
  by_time_.emplace(due, name);
}

void ObjectFetches::end_retry() {
  const std::lock_guard lock(mutex_);
  --retries_;
  note_change();
}

void ObjectFetches::work(const std::stop_token& stop) {
  while (auto batch = take(stop)) {
    drop_unwanted(*batch);
    if (!batch->names.empty()) {
      const Want want(*batch);
      const base::Status fetched = batch->kind->fetch(batch->names, stop);
      if (fetched) {
        // In this order: who counted on another try is told.
        note_success(*batch);
        tell(*batch);
      } else if (stop.stop_requested()) {
        return;
      } else {
        note_failure(*batch, fetched.error());
      }
    }
    if (batch->is_retry) end_retry();
  }
}

}  // namespace kube
