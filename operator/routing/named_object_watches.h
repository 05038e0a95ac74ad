#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "kube/client.h"
#include "kube/object_watch.h"
#include "kube/reflector.h"
#include "operator/routing/equal_share.h"
#include "operator/routing/named_objects.h"

namespace routing {

// Watches the objects of one kind that claimants name, each by its name alone, as issuers' Secrets
// are (issuer::SecretWatches): nobody else's is read. A watch is a thread and a connection, so
// there are so many; what is beyond them is read each minute. What is beyond those, too, is not
// read: its reading says so, and whatever needs it is closed or left out. Whose that is is decided
// by equal shares between namespaces, so that no tenant takes the places of all. Thread-safe.
template <class Object, class Reading>
class NamedObjectWatches : public NamedObjects<Reading> {
 public:
  using Read = std::function<Reading(const Object& object)>;
  // A reading of which nothing can be used. A clause: "is one too many: ..."
  using Spoilt = std::function<Reading(const std::string& problem)>;
  // This object has come, changed or gone. Called without a lock held, from any thread.
  using Wake = std::function<void(const kube::ObjectKey& object)>;

  struct Options {
    std::size_t max = 64;
    // A minute has room for so many one after the other, and memory for what they hold.
    std::size_t max_in_turn = 1024;
    std::chrono::seconds read_every{60};
    kube::ReflectorOptions reflector{};
  };

  // client must outlive it.
  NamedObjectWatches(kube::Client& client, Options options, Read read, const Spoilt& spoilt,
                     Wake wake)
      : client_(client),
        options_(std::move(options)),
        read_(std::move(read)),
        wake_(std::move(wake)),
        too_many_(std::make_shared<const Reading>(
            spoilt("is one too many: more are named than " +
                   std::to_string(options_.max + options_.max_in_turn) + ", so it is not read"))) {}
  NamedObjectWatches(const NamedObjectWatches&) = delete;
  NamedObjectWatches& operator=(const NamedObjectWatches&) = delete;
  ~NamedObjectWatches() override { stop(); }

  void follow(const std::set<kube::ObjectKey>& objects) override {
    std::vector<std::unique_ptr<Watch>>
        ended;  // joined without the lock: their threads may want it
    std::set<kube::ObjectKey> news;
    {
      const std::lock_guard lock(mutex_);
      if (is_stopped_) return;
      news = follow_with_places(objects, ended);
    }
    // Somebody may have heard that they are on their way, or what they were.
    for (const kube::ObjectKey& key : news) wake_(key);
  }

  bool are_read() const override {
    const std::lock_guard lock(mutex_);
    return std::all_of(watches_.begin(), watches_.end(),
                       [](const auto& one) { return one.second->object.is_known(); }) &&
           std::all_of(turns_.begin(), turns_.end(),
                       [](const auto& one) { return one.second.is_read; });
  }

  std::shared_ptr<const Reading> get(const kube::ObjectKey& key) const override {
    const std::lock_guard lock(mutex_);
    if (left_out_.count(key) != 0) return too_many_;
    const auto turn = turns_.find(key);
    if (const auto watch = watches_.find(key); watch != watches_.end()) {
      const auto watched = watch->second->get(read_);
      const bool is_known = turn != turns_.end() && turn->second.is_read;
      return watched && watched->is_unread && is_known ? turn->second.reading : watched;
    }
    if (turn == turns_.end() || !turn->second.is_read) return unread();
    return turn->second.reading;
  }

  // Those that have no watch, or one that has not begun yet.
  std::size_t in_turn() const {
    const std::lock_guard lock(mutex_);
    return turns_.size();
  }

  void stop() {
    std::map<kube::ObjectKey, std::unique_ptr<Watch>> ended;
    std::jthread reader;
    {
      const std::lock_guard lock(mutex_);
      is_stopped_ = true;
      ended.swap(watches_);
      reader.swap(reader_);
    }
    reader.request_stop();
    for (const auto& [key, watch] : ended) watch->object.request_stop();
  }

 private:
  struct Watch {
    Watch(kube::Client& client, const kube::ObjectKey& key, kube::ReflectorOptions options,
          const std::function<void()>& wake)
        : object(client, key, std::move(options), wake) {}

    std::shared_ptr<const Reading> get(const Read& read) {
      if (!object.is_known()) return unread();
      const auto now = object.get();
      if (now == nullptr) return nullptr;
      if (now != seen) {
        seen = now;
        reading = std::make_shared<const Reading>(read(*now));
      }
      return reading;
    }

    kube::ObjectWatch<Object> object;
    std::shared_ptr<const Object> seen;
    std::shared_ptr<const Reading> reading;  // of that
  };
  // One that finds no room for a watch.
  struct Turn {
    bool is_read = false;
    std::string version{};
    std::shared_ptr<const Reading> reading{};
  };

  static std::shared_ptr<const Reading> unread() {
    static const auto kUnread = [] {
      Reading reading;
      reading.is_unread = true;
      return std::make_shared<const Reading>(std::move(reading));
    }();
    return kUnread;
  }

  // Those that have no place any more, or found none.
  std::set<kube::ObjectKey> follow_with_places(const std::set<kube::ObjectKey>& objects,
                                               std::vector<std::unique_ptr<Watch>>& ended) {
    const std::set<kube::ObjectKey> placed = with_places(objects);
    for (auto one = watches_.begin(); one != watches_.end();) {
      if (placed.count(one->first) != 0) {
        ++one;
        continue;
      }
      one->second->object.request_stop();
      ended.push_back(std::move(one->second));
      one = watches_.erase(one);
    }
    std::erase_if(turns_, [&](const auto& one) { return placed.count(one.first) == 0; });
    for (const kube::ObjectKey& key : placed) {
      if (watches_.count(key) == 0) add(key);
    }
    std::set<kube::ObjectKey> left_out, news;
    std::set_difference(objects.begin(), objects.end(), placed.begin(), placed.end(),
                        std::inserter(left_out, left_out.end()));
    std::set_difference(left_out.begin(), left_out.end(), left_out_.begin(), left_out_.end(),
                        std::inserter(news, news.end()));
    left_out_ = std::move(left_out);
    return news;
  }

  // Each namespace has as many places as it names objects, or an equal share of them; of what
  // that leaves some have one more. Those that have a place go first in their namespace: what
  // guards something stays as it is.
  std::set<kube::ObjectKey> with_places(const std::set<kube::ObjectKey>& objects) const {
    const std::size_t places = options_.max + options_.max_in_turn;
    if (objects.size() <= places) return objects;
    std::map<std::string, std::uint64_t> named;
    for (const kube::ObjectKey& key : objects) ++named[key.namespace_];
    std::vector<std::uint64_t> counts;
    counts.reserve(named.size());
    for (const auto& [namespace_, count] : named) counts.push_back(count);
    const std::uint64_t share = equal_share(std::move(counts), places).value_or(places);

    std::vector<kube::ObjectKey> in_order(objects.begin(), objects.end());
    std::stable_partition(in_order.begin(), in_order.end(), [this](const kube::ObjectKey& key) {
      return watches_.count(key) != 0 || turns_.count(key) != 0;
    });
    std::set<kube::ObjectKey> placed;
    std::vector<kube::ObjectKey> next;  // one of each namespace that has more than its share
    std::map<std::string, std::uint64_t> held;
    for (const kube::ObjectKey& key : in_order) {
      const std::uint64_t count = ++held[key.namespace_];
      if (count <= share) placed.insert(key);
      if (count == share + 1) next.push_back(key);
    }
    for (const kube::ObjectKey& key : next) {
      if (placed.size() < places) placed.insert(key);
    }
    return placed;
  }

  // One that has a place; see with_places().
  void add(const kube::ObjectKey& key) {
    if (watches_.size() < options_.max) {
      // What was read stays until the watch has begun: nothing is closed by it.
      watches_[key] = std::make_unique<Watch>(client_, key, options_.reflector,
                                              [this, key] { on_watched(key); });
      return;
    }
    if (turns_.count(key) != 0) return;
    turns_.try_emplace(key);
    has_unread_ = true;
    if (!reader_.joinable()) {
      reader_ = std::jthread([this](const std::stop_token& stop) { read_in_turn(stop); });
    }
    changed_.notify_all();
  }

  // From its first word on a watch knows better than what was read, which is not read any more.
  void on_watched(const kube::ObjectKey& key) {
    {
      const std::lock_guard lock(mutex_);
      const auto watch = watches_.find(key);
      if (watch != watches_.end() && watch->second->object.is_known()) turns_.erase(key);
    }
    wake_(key);
  }

  void read_in_turn(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      has_unread_ = false;
      std::vector<kube::ObjectKey> keys;
      for (const auto& [key, one] : turns_) keys.push_back(key);
      lock.unlock();
      for (const kube::ObjectKey& key : keys) {
        if (!stop.stop_requested()) read_one(key, stop);
      }
      lock.lock();
      changed_.wait_for(lock, stop, options_.read_every, [this] { return has_unread_; });
    }
  }

  // Instantiated where objects of the API are read: see extern template of those that derive from
  // it.
  void read_one(const kube::ObjectKey& key, const std::stop_token& stop);

  kube::Client& client_;
  const Options options_;
  const Read read_;
  const Wake wake_;
  const std::shared_ptr<const Reading> too_many_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_stopped_ = false;
  std::map<kube::ObjectKey, std::unique_ptr<Watch>> watches_;
  std::map<kube::ObjectKey, Turn> turns_;
  bool has_unread_ = false;  // in turns_
  std::set<kube::ObjectKey> left_out_;
  std::jthread reader_;
};

template <class Object, class Reading>
void NamedObjectWatches<Object, Reading>::read_one(const kube::ObjectKey& key,
                                                   const std::stop_token& stop) {
  const auto object = client_.template get<Object>(key, stop);
  if (!object && object.error().kind != base::ErrorKind::not_found) {
    if (!stop.stop_requested()) {
      spdlog::warn("reading {} {}, which is named for a route: {}; what is known of it stays",
                   Object::type().kind, key.text(), object.error().message);
    }
    return;
  }
  const std::string version = object ? object->metadata.resource_version : std::string();
  {
    const std::lock_guard lock(mutex_);
    const auto at = turns_.find(key);
    if (at == turns_.end()) return;
    Turn& known = at->second;
    if (known.is_read && known.version == version) return;
    known = {true, version, object ? std::make_shared<const Reading>(read_(*object)) : nullptr};
  }
  wake_(key);
}

}  // namespace routing
