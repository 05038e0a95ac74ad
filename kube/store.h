#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/sorted_blocks.h"
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
//
// There are thousands of them, so a key is held once, in the object: what is in order of keys
// points to it, side by side. Indexes hold hashes; what they find is asked for its values.
template <class T, class Hash = std::hash<std::string>>
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
    const Place* const found = objects_.find(key);
    return found == nullptr ? nullptr : found->object;
  }

  // All of one moment, ordered by key.
  std::vector<Pointer> list() const {
    const std::lock_guard lock(mutex_);
    std::vector<Pointer> all;
    all.reserve(objects_.size());
    objects_.each([&all](const Place& place) { all.push_back(place.object); });
    return all;
  }

  // Those that the index function filed under value, ordered by key. An index never added is a
  // broken invariant: std::out_of_range.
  std::vector<Pointer> find(const std::string& index, const std::string& value) const {
    const std::lock_guard lock(mutex_);
    std::vector<Pointer> matches;
    visit(index, value, [&matches](const Pointer& object) {
      matches.push_back(object);
      return true;
    });
    return matches;
  }

  // Whether it would find any.
  bool has(const std::string& index, const std::string& value) const {
    const std::lock_guard lock(mutex_);
    bool is_found = false;
    visit(index, value, [&is_found](const Pointer&) {
      is_found = true;
      return false;
    });
    return is_found;
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
    ObjectChange<T> change;
    {
      const std::lock_guard lock(mutex_);
      change = put_locked(std::move(object));
    }
    tell(change);
  }

  // Another form of the same state, where `held` is what is there still. Nobody is told. From any
  // thread.
  void exchange(const Pointer& held, Pointer twin) {
    const std::lock_guard lock(mutex_);
    const Place* const found = objects_.find(held->metadata);
    if (found == nullptr || found->object != held) return;
    for (auto& [name, index] : indexes_) {
      for (const std::string& value : index.function(*held)) {
        const Entry* const entry = index.entries.find(Entry{Hash()(value), held.get()});
        if (entry != nullptr) entry->object = twin.get();
      }
    }
    found->object = std::move(twin);
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
      std::set<const T*> listed;
      for (Pointer& object : listing) {
        listed.insert(object.get());
        changes.push_back(put_locked(std::move(object)));
      }
      std::vector<ObjectKey> gone;
      objects_.each([&](const Place& place) {
        const ObjectMeta& metadata = place.object->metadata;
        const bool is_meant = namespace_.empty() || metadata.namespace_ == namespace_;
        if (is_meant && listed.count(place.object.get()) == 0) gone.push_back(metadata.key());
      });
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
  // Where the states of one object are, one after the other.
  struct Place {
    mutable Pointer object;  // never of another key
  };
  struct ByKey {
    static auto names(const ObjectKey& key) { return std::tie(key.namespace_, key.name); }
    static auto names(const ObjectMeta& metadata) {
      return std::tie(metadata.namespace_, metadata.name);
    }
    static auto names(const Place& place) { return names(place.object->metadata); }
    template <class One, class Other>
    bool operator()(const One& one, const Other& other) const {
      return names(one) < names(other);
    }
  };

  // One value of an object.
  struct Entry {
    std::size_t hash = 0;
    mutable const T* object = nullptr;  // as it is in objects_; never of another key
  };
  struct ByHashAndKey {
    bool operator()(const Entry& one, const Entry& other) const {
      return one.hash != other.hash ? one.hash < other.hash
                                    : ByKey()(one.object->metadata, other.object->metadata);
    }
    bool operator()(const Entry& one, std::size_t hash) const { return one.hash < hash; }
    bool operator()(std::size_t hash, const Entry& other) const { return hash < other.hash; }
  };
  struct Index {
    IndexFunction function;
    base::SortedBlocks<Entry, ByHashAndKey> entries;
  };

  // The objects that have this value, as long as `wants_more` says so.
  template <class WantsMore>
  void visit(const std::string& name, const std::string& value, const WantsMore& wants_more) const {
    const Index& index = indexes_.at(name);
    index.entries.each_of(Hash()(value), [&](const Entry& entry) {
      const std::vector<std::string> values = index.function(*entry.object);
      if (std::find(values.begin(), values.end(), value) == values.end()) return true;
      return wants_more(objects_.find(entry.object->metadata)->object);
    });
  }

  ObjectChange<T> put_locked(Pointer object) {
    const ObjectKey key = object->metadata.key();
    ObjectChange<T> change{key, nullptr, object};
    if (const Place* const place = objects_.find(key)) {
      change.before = place->object;
      unfile(*change.before);
      place->object = object;
    } else {
      objects_.insert(Place{object});
    }
    file(*object);
    return change;
  }

  ObjectChange<T> erase_locked(const ObjectKey& key) {
    const Place* const place = objects_.find(key);
    if (place == nullptr) return {key, nullptr, nullptr};
    ObjectChange<T> change{key, place->object, nullptr};
    unfile(*change.before);
    objects_.erase(key);
    return change;
  }

  void file(const T& object) {
    for (auto& [name, index] : indexes_) {
      for (const std::string& value : index.function(object)) {
        index.entries.insert(Entry{Hash()(value), &object});
      }
    }
  }

  void unfile(const T& object) {
    for (auto& [name, index] : indexes_) {
      for (const std::string& value : index.function(object)) {
        index.entries.erase(Entry{Hash()(value), &object});
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
  base::SortedBlocks<Place, ByKey> objects_;
  std::map<std::string, Index> indexes_;
  std::vector<Listener> listeners_;
  std::vector<std::function<void()>> sync_listeners_;
  std::set<std::string> awaited_namespaces_;
  bool synced_ = false;
};

}  // namespace kube
