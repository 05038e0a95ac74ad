#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "kube/object.h"

namespace kube {

// before is null when the object is new, after is null when it is gone.
template <class T>
struct ObjectChange {
  ObjectKey key;
  std::shared_ptr<const T> before;
  std::shared_ptr<const T> after;
};

// The last known state of every object of one kind. One reflector writes; anybody reads, from any
// thread. Objects are immutable once stored, so a reader may keep what get() returned.
template <class T>
class Store {
 public:
  using Pointer = std::shared_ptr<const T>;
  // Called on the writer's thread after the change is visible, without a lock held: it may read
  // every store, and must be short (add a key to a queue).
  using Listener = std::function<void(const ObjectChange<T>&)>;
  // The values under which an object is found, "which Ingresses name this Service".
  using IndexFunction = std::function<std::vector<std::string>(const T&)>;

  // ---- Set up, before the reflector starts.

  void add_listener(Listener listener) { listeners_.push_back(std::move(listener)); }

  // Once, after the first whole listing is in and the listeners have heard of it.
  void add_sync_listener(std::function<void()> listener) {
    sync_listeners_.push_back(std::move(listener));
  }

  void add_index(const std::string& name, IndexFunction function) {
    indexes_[name].function = std::move(function);
  }

  // Several reflectors fill the store, one for each of these namespaces: it is synced when all have
  // listed.
  void expect_listings_of(std::set<std::string> namespaces) {
    awaited_namespaces_ = std::move(namespaces);
  }

  // ---- Reading.

  Pointer get(const ObjectKey& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(key);
    return found == objects_.end() ? nullptr : found->second;
  }

  // All of one moment, ordered by key.
  std::vector<Pointer> list() const {
    const std::lock_guard lock(mutex_);
    std::vector<Pointer> all;
    all.reserve(objects_.size());
    for (const auto& [key, object] : objects_) all.push_back(object);
    return all;
  }

  // Those that the index function filed under value, ordered by key. An index never added is a
  // broken invariant: std::out_of_range.
  std::vector<Pointer> find(const std::string& index, const std::string& value) const {
    const std::lock_guard lock(mutex_);
    std::vector<Pointer> matches;
    const auto& keys_by_value = indexes_.at(index).keys_by_value;
    const auto keys = keys_by_value.find(value);
    if (keys == keys_by_value.end()) return matches;
    for (const ObjectKey& key : keys->second) matches.push_back(objects_.at(key));
    return matches;
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return objects_.size();
  }

  // True once the first whole listing is in: before that an absent object proves nothing.
  bool has_synced() const {
    const std::lock_guard lock(mutex_);
    return synced_;
  }

  // False when stop came first.
  bool wait_until_synced(const std::stop_token& stop) const {
    std::unique_lock lock(mutex_);
    return synced_changed_.wait(lock, stop, [this] { return synced_; });
  }

  // ---- Writing: the reflector's, and tests'. One writer at a time for each namespace.

  void put(Pointer object) {
    const ObjectKey key = object->metadata.key();
    ObjectChange<T> change;
    {
      const std::lock_guard lock(mutex_);
      change = put_locked(key, std::move(object));
    }
    tell(change);
  }

  // Another form of the same state, where `held` is what is there still. Nobody is told. From any
  // thread.
  void exchange(const Pointer& held, Pointer twin) {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(held->metadata.key());
    if (found != objects_.end() && found->second == held) found->second = std::move(twin);
  }

  void put(T object) { put(std::make_shared<const T>(std::move(object))); }

  void erase(const ObjectKey& key) {
    ObjectChange<T> change;
    {
      const std::lock_guard lock(mutex_);
      change = erase_locked(key);
    }
    tell(change);
  }

  // Swaps in a whole listing, of all namespaces (empty) or of one: objects not in it are gone, and
  // listeners hear of every difference once all of it is visible. Marks the store as synced, or
  // that namespace of it.
  void replace_all(std::vector<Pointer> listing, const std::string& namespace_ = {}) {
    std::vector<ObjectChange<T>> changes;
    bool is_first = false;
    {
      const std::lock_guard lock(mutex_);
      std::set<ObjectKey> listed;
      for (Pointer& object : listing) {
        const ObjectKey key = object->metadata.key();
        listed.insert(key);
        changes.push_back(put_locked(key, std::move(object)));
      }
      std::vector<ObjectKey> gone;
      for (const auto& [key, object] : objects_) {
        const bool is_meant = namespace_.empty() || key.namespace_ == namespace_;
        if (is_meant && listed.count(key) == 0) gone.push_back(key);
      }
      for (const ObjectKey& key : gone) changes.push_back(erase_locked(key));
      awaited_namespaces_.erase(namespace_);
      is_first = !synced_ && awaited_namespaces_.empty();
      synced_ = synced_ || is_first;
    }
    synced_changed_.notify_all();
    for (const ObjectChange<T>& change : changes) tell(change);
    if (!is_first) return;
    for (const auto& listener : sync_listeners_) listener();
  }

 private:
  struct Index {
    IndexFunction function;
    std::map<std::string, std::set<ObjectKey>> keys_by_value;
  };

  ObjectChange<T> put_locked(const ObjectKey& key, Pointer object) {
    Pointer& place = objects_[key];
    ObjectChange<T> change{key, place, object};
    if (change.before) unfile(key, *change.before);
    place = std::move(object);
    for (auto& [name, index] : indexes_) {
      for (const std::string& value : index.function(*place)) {
        index.keys_by_value[value].insert(key);
      }
    }
    return change;
  }

  ObjectChange<T> erase_locked(const ObjectKey& key) {
    const auto found = objects_.find(key);
    if (found == objects_.end()) return {key, nullptr, nullptr};
    ObjectChange<T> change{key, found->second, nullptr};
    unfile(key, *change.before);
    objects_.erase(found);
    return change;
  }

  void unfile(const ObjectKey& key, const T& object) {
    for (auto& [name, index] : indexes_) {
      for (const std::string& value : index.function(object)) {
        const auto keys = index.keys_by_value.find(value);
        if (keys == index.keys_by_value.end()) continue;
        keys->second.erase(key);
        if (keys->second.empty()) index.keys_by_value.erase(keys);
      }
    }
  }

  void tell(const ObjectChange<T>& change) const {
    if (is_nothing(change)) return;
    for (const Listener& listener : listeners_) listener(change);
  }

  // A relist brings back mostly what we had: the same uid at the same resourceVersion.
  static bool is_nothing(const ObjectChange<T>& change) {
    if (!change.before && !change.after) return true;
    if (!change.before || !change.after) return false;
    const ObjectMeta& before = change.before->metadata;
    const ObjectMeta& after = change.after->metadata;
    return !after.resource_version.empty() && before.uid == after.uid &&
           before.resource_version == after.resource_version;
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable_any synced_changed_;
  std::map<ObjectKey, Pointer> objects_;
  std::map<std::string, Index> indexes_;
  std::vector<Listener> listeners_;
  std::vector<std::function<void()>> sync_listeners_;
  std::set<std::string> awaited_namespaces_;
  bool synced_ = false;
};

}  // namespace kube
