#pragma once

#include <algorithm>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kube/client.h"
#include "kube/named_kind.h"
#include "kube/reflector.h"
#include "kube/store.h"
#include "kube/unkept_objects.h"

namespace kube {

// How objects of a kind are named, and by whom.
struct Naming {
  std::function<ObjectKey(const nlohmann::json& object)> name_of;
  // Whether somebody names this who is there for all to see. Called with a lock held: it may look
  // into stores that are not this kind's, and nothing else.
  std::function<bool(const ObjectKey& name)> is_named;
  // Of what is asked for by name: what a list by the reflector's selectors would not have is not
  // meant. Unset: all of it is.
  std::function<bool(const nlohmann::json& object)> is_meant = {};
  // Kept whoever names it. Unset: nothing.
  std::function<bool(const nlohmann::json& object)> is_always_kept = {};
  // The label whose value is the name: several names are one list. Empty: an object is named by its
  // own key, and each is got.
  std::string label = {};
};

// A Reflector that keeps what is named. Of the rest it knows that it is there (UnkeptObjects), and
// reads it when somebody begins to name it. What was named once is kept until the next whole
// listing. Watched and listed is everything, so no event is lost between the two: a fetch that is
// overtaken by the watch counts for nothing. store is empty until start(). One thread, as there.
template <class T>
class NamedReflector final : public NamedKind, private ReflectorLoop::Sink {
 public:
  using Parse = typename Reflector<T>::Parse;

  NamedReflector(Client& client, Store<T>& store, ResourceType type, Parse parse, Naming naming,
                 const ReflectorOptions& options)
      : client_(client),
        store_(store),
        type_(type),
        parse_(std::move(parse)),
        naming_(std::move(naming)),
        options_(options),
        loop_(client, std::move(type), options, *this) {}
  NamedReflector(const NamedReflector&) = delete;
  NamedReflector& operator=(const NamedReflector&) = delete;
  ~NamedReflector() override = default;

  void start() { loop_.start(); }
  void request_stop() { loop_.request_stop(); }
  void stop() { loop_.stop(); }
  ReflectorLoop& loop() { return loop_; }

  // How many are not kept.
  std::size_t unkept() const {
    const std::lock_guard lock(mutex_);
    return unkept_.size();
  }

  // ---- As NamedKind.

  bool covers(const std::string& namespace_) const override {
    return options_.namespace_.empty() || options_.namespace_ == namespace_;
  }
  bool want(const ObjectKey& name) override {
    const std::lock_guard lock(mutex_);
    ++wanted_[name];
    return !unkept_.has_named(name) && !listed_unkept_.has_named(name);
  }
  void release(const ObjectKey& name) override {
    const std::lock_guard lock(mutex_);
    const auto found = wanted_.find(name);
    if (found != wanted_.end() && --found->second == 0) wanted_.erase(found);
  }
  bool wanted(const ObjectKey& name) const override {
    const std::lock_guard lock(mutex_);
    return is_to_be_kept(name);
  }
  std::size_t names_at_once() const override { return naming_.label.empty() ? 1 : kNamesOfAList; }
  base::Status fetch(const std::vector<ObjectKey>& names, const std::stop_token& stop) override {
    for (;;) {
      const auto fetch = begin_fetch();
      std::vector<Found> found;
      base::Status asked = find_named(
          client_, type_, {names, naming_.label, options_.field_selector},
          [&](const nlohmann::json& object) { add_found(object, found); }, stop);
      const std::lock_guard lock(mutex_);
      const Fetch end = std::move(*fetch);
      fetches_.erase(fetch);
      if (!asked) return asked;
      // What was listed meanwhile may be newer than this, and nobody would say it once more.
      if (end.is_overtaken) continue;
      take(names, found, end);
      return {};
    }
  }

 private:
  using Pointer = typename Store<T>::Pointer;
  struct Fetch {
    std::set<ObjectKey> changed;  // since it was begun
    bool is_overtaken = false;    // by a whole listing
  };
  struct Found {
    ObjectKey key;
    ObjectKey name;
    Pointer object;  // null: it cannot be read
    bool is_always_kept = false;
  };
  // A URL has room for so many names of 63 bytes.
  static constexpr std::size_t kNamesOfAList = 40;

  // ---- As ReflectorLoop::Sink, on its thread.

  void add_to_listing(const nlohmann::json& object) override {
    const ObjectKey name = naming_.name_of(object);
    {
      const std::lock_guard lock(mutex_);
      if (!is_to_be_kept(name) && !is_always_kept(object)) {
        return listed_unkept_.put(read_key(object), name);
      }
    }
    if (Pointer parsed = read(object)) listing_.push_back(std::move(parsed));
  }
  void drop_listing() override {
    listing_.clear();
    const std::lock_guard lock(mutex_);
    listed_unkept_ = {};
    brought_.clear();
  }
  void finish_listing() override {
    std::vector<Pointer> listing = std::exchange(listing_, {});
    const std::lock_guard lock(mutex_);
    // Wanted while the listing came in, and fetched: newer than the listing.
    for (const auto& [key, object] : brought_) {
      if (!listed_unkept_.has(key)) continue;
      listed_unkept_.erase(key);
      listing.push_back(object);
    }
    brought_.clear();
    unkept_ = std::exchange(listed_unkept_, {});
    for (Fetch& fetch : fetches_) fetch.is_overtaken = true;
    store_.replace_all(std::move(listing), options_.namespace_);
  }
  void put(const nlohmann::json& object) override {
    const ObjectKey key = read_key(object);
    const ObjectKey name = naming_.name_of(object);
    const std::lock_guard lock(mutex_);
    note_change(key);
    if (!is_to_be_kept(name) && !is_always_kept(object) && !store_.get(key)) {
      return unkept_.put(key, name);
    }
    // One step for want(): what is not unkept any more is in the store.
    unkept_.erase(key);
    if (Pointer parsed = read(object)) store_.put(std::move(parsed));
  }
  void erase(const ObjectKey& key) override {
    const std::lock_guard lock(mutex_);
    note_change(key);
    unkept_.erase(key);
    store_.erase(key);
  }

  // ---- With the lock held. The store's listeners are called so, too: none of them comes here, or
  // takes a lock under which somebody does.

  bool is_to_be_kept(const ObjectKey& name) const {
    return wanted_.count(name) != 0 || naming_.is_named(name);
  }
  void note_change(const ObjectKey& key) {
    for (Fetch& fetch : fetches_) fetch.changed.insert(key);
  }
  void take(const std::vector<ObjectKey>& names, const std::vector<Found>& found,
            const Fetch& fetch) {
    for (const Found& one : found) {
      if (fetch.changed.count(one.key) != 0) continue;
      if (!one.is_always_kept && !is_to_be_kept(one.name)) continue;
      unkept_.erase(one.key);
      if (!one.object) continue;
      if (listed_unkept_.has(one.key)) brought_[one.key] = one.object;
      store_.put(one.object);
    }
    // What is left of them was gone when they were fetched.
    for (const ObjectKey& name : names) {
      if (wanted_.count(name) != 0) unkept_.erase_named(name);
    }
  }

  // ---- Without it.

  typename std::list<Fetch>::iterator begin_fetch() {
    const std::lock_guard lock(mutex_);
    return fetches_.insert(fetches_.end(), Fetch{});
  }
  void add_found(const nlohmann::json& object, std::vector<Found>& found) {
    if (naming_.is_meant && !naming_.is_meant(object)) return;
    found.push_back(
        {read_key(object), naming_.name_of(object), read(object), is_always_kept(object)});
  }
  bool is_always_kept(const nlohmann::json& object) const {
    return naming_.is_always_kept && naming_.is_always_kept(object);
  }
  // With or without the lock.
  Pointer read(const nlohmann::json& object) const {
    return read_or_last_good(object, parse_, type_, store_);
  }

  Client& client_;
  Store<T>& store_;
  const ResourceType type_;
  const Parse parse_;
  const Naming naming_;
  const ReflectorOptions options_;
  std::vector<Pointer> listing_;  // the thread's alone

  mutable std::mutex mutex_;
  std::map<ObjectKey, int> wanted_;
  UnkeptObjects unkept_;
  UnkeptObjects listed_unkept_;           // of a listing that is coming in
  std::map<ObjectKey, Pointer> brought_;  // of those
  std::list<Fetch> fetches_;              // under way

  ReflectorLoop loop_;  // last: its thread uses the others
};

}  // namespace kube
