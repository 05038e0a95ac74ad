#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kube/object_fetches.h"
#include "kube/reflector.h"
#include "kube/store.h"

namespace kube {

// A Reflector of objects that name others which are kept for that alone (NamedKind). An object
// comes into the store when what it names is there, and until then the state before it stays:
// nobody sees an object without what it names. Mostly all of that is there, and nothing is held
// back; nor is anything of the first listing. One thread, as Reflector, beside those of the
// fetches.
template <class T>
class HoldingReflector final : public ObjectFetches::Waiter, private ReflectorLoop::Sink {
 public:
  using Parse = typename Reflector<T>::Parse;
  using NamesOf = std::function<std::vector<NameOfKind>(const T&)>;

  // fetches outlives it, and is started after it was made.
  HoldingReflector(Client& client, Store<T>& store, ResourceType type, Parse parse,
                   NamesOf names_of, ObjectFetches& fetches, const ReflectorOptions& options)
      : store_(store),
        type_(type),
        parse_(std::move(parse)),
        names_of_(std::move(names_of)),
        fetches_(fetches),
        namespace_(options.namespace_),
        loop_(client, std::move(type), options, *this) {
    fetches_.tell(*this);
  }
  HoldingReflector(const HoldingReflector&) = delete;
  HoldingReflector& operator=(const HoldingReflector&) = delete;
  ~HoldingReflector() override = default;

  void start() { loop_.start(); }
  void request_stop() { loop_.request_stop(); }
  void stop() { loop_.stop(); }
  ReflectorLoop& loop() { return loop_; }

  std::size_t held() const {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }

  // Right for whoever waits now, whenever this fetch was begun and for whom: the fetches want the
  // name from before it until this returns.
  void on_fetched(const NameOfKind& name) override {
    const std::lock_guard lock(mutex_);
    const auto waiting = waiting_for_.find(name);
    if (waiting == waiting_for_.end()) return;
    for (const ObjectKey& key : std::exchange(waiting->second, {})) {
      Held& held = held_.at(key);
      held.missing.erase(name);
      if (!held.missing.empty()) continue;
      store_.put(held.object);
      release(held.names);
      held_.erase(key);
    }
    waiting_for_.erase(waiting);
  }

 private:
  using Pointer = typename Store<T>::Pointer;
  using Names = std::vector<NameOfKind>;
  struct Held {
    Pointer object;
    Names names;
    std::set<NameOfKind> missing;
  };

  // ---- As ReflectorLoop::Sink, on its thread.

  void add_to_listing(const nlohmann::json& object) override {
    if (Pointer parsed = read(object)) listing_.push_back(std::move(parsed));
  }
  void drop_listing() override { listing_.clear(); }
  void finish_listing() override {
    const std::lock_guard lock(mutex_);
    while (!held_.empty()) let_go(ObjectKey(held_.begin()->first));
    const bool is_first = !store_.has_synced();
    std::vector<Pointer> visible;
    Names wanted, missing;
    for (Pointer& object : std::exchange(listing_, {})) {
      const Names names = names_of_(*object);
      if (is_first) {
        want(names, wanted, missing);
      } else if (hold(object, names)) {
        object = store_.get(object->metadata.key());
      } else {
        wanted.insert(wanted.end(), names.begin(), names.end());
      }
      if (object) visible.push_back(std::move(object));
    }
    store_.replace_all(std::move(visible), namespace_);
    for (const NameOfKind& name : missing) fetches_.fetch(name);
    release(wanted);
  }
  void put(const nlohmann::json& object) override {
    Pointer parsed = read(object);
    if (!parsed) return;
    const std::lock_guard lock(mutex_);
    let_go(parsed->metadata.key());
    const Names names = names_of_(*parsed);
    if (hold(parsed, names)) return;
    store_.put(std::move(parsed));
    release(names);
  }
  void erase(const ObjectKey& key) override {
    const std::lock_guard lock(mutex_);
    let_go(key);
    store_.erase(key);
  }

  // ---- With the lock held. The store's listeners are called so, too: none of them comes here.

  // False: all that it names is there, and is wanted until release().
  bool hold(const Pointer& object, const Names& names) {
    std::set<NameOfKind> missing;
    for (const NameOfKind& name : names) {
      if (!name.kind->want(name.name)) missing.insert(name);
    }
    if (missing.empty()) return false;
    const ObjectKey key = object->metadata.key();
    for (const NameOfKind& name : missing) waiting_for_[name].insert(key);
    held_[key] = {object, names, missing};
    for (const NameOfKind& name : missing) fetches_.fetch(name);
    return true;
  }
  // Without holding anything back: there is no state before the first one that could stay, and who
  // is not seen counts as one who does not exist.
  static void want(const Names& names, Names& wanted, Names& missing) {
    for (const NameOfKind& name : names) {
      if (!name.kind->want(name.name)) missing.push_back(name);
      wanted.push_back(name);
    }
  }
  // Somebody has said something newer of it.
  void let_go(const ObjectKey& key) {
    const auto found = held_.find(key);
    if (found == held_.end()) return;
    for (const NameOfKind& name : found->second.missing) {
      const auto waiting = waiting_for_.find(name);
      waiting->second.erase(key);
      if (waiting->second.empty()) waiting_for_.erase(waiting);
    }
    release(found->second.names);
    held_.erase(found);
  }
  static void release(const Names& names) {
    for (const NameOfKind& name : names) name.kind->release(name.name);
  }

  Pointer read(const nlohmann::json& object) const {
    return read_or_last_good(object, parse_, type_, store_);
  }

  Store<T>& store_;
  const ResourceType type_;
  const Parse parse_;
  const NamesOf names_of_;
  ObjectFetches& fetches_;
  const std::string namespace_;
  std::vector<Pointer> listing_;  // the thread's alone

  mutable std::mutex mutex_;
  std::map<ObjectKey, Held> held_;
  std::map<NameOfKind, std::set<ObjectKey>> waiting_for_;

  ReflectorLoop loop_;  // last: its thread uses the others
};

}  // namespace kube
