#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kube/client.h"
#include "kube/object.h"
#include "kube/pause.h"
#include "kube/store.h"
#include "kube/watch_machine.h"

namespace kube {

struct ReflectorOptions {
  std::string namespace_{};  // empty: all namespaces
  std::string label_selector{};
  std::string field_selector{};  // Secrets: kTlsSecretSelector, never all kinds
  int page_size = 500;
  // Between one and two of these, by chance, so that watches do not all end together.
  std::chrono::seconds watch_timeout{290};
  std::chrono::milliseconds backoff_first{800};
  // What an outage of the API server goes on for behind its end; few programs of ours ask.
  std::chrono::milliseconds backoff_limit{10000};
  Pause pause = real_pause();
  Random random = real_random();
  // Called before each pause, on the reflector's thread: a request or a watch has failed. Not where
  // only what we know was too old.
  std::function<void()> on_failure{};
};

// The untyped half of a Reflector: it lists, watches, resumes, and backs off. One thread, from
// start() until stop() or destruction; client and sink must outlive it.
class ReflectorLoop {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void add_to_listing(const nlohmann::json& object) = 0;
    virtual void drop_listing() = 0;
    virtual void finish_listing() = 0;  // swap it in
    virtual void put(const nlohmann::json& object) = 0;
    virtual void erase(const ObjectKey& key) = 0;
  };

  ReflectorLoop(Client& client, ResourceType type, ReflectorOptions options, Sink& sink);
  ReflectorLoop(const ReflectorLoop&) = delete;
  ReflectorLoop& operator=(const ReflectorLoop&) = delete;
  ~ReflectorLoop() { stop(); }

  void start();
  // Asks without waiting, so that many can be stopped together.
  void request_stop() { thread_.request_stop(); }
  void stop();

  // Runs until stop.
  void run(const std::stop_token& stop);
  // One request to the API server and what follows from it; for tests.
  base::Status step(const std::stop_token& stop);

 private:
  base::Status list(const WatchMachine::List& request, const std::stop_token& stop);
  base::Status watch(const WatchMachine::Watch& request, const std::stop_token& stop);
  bool recover(const base::Error& error, const std::stop_token& stop);

  Client& client_;
  const ResourceType type_;
  const ReflectorOptions options_;
  Sink& sink_;
  WatchMachine machine_;
  Backoff backoff_;
  std::jthread thread_;
};

// Logs, once an object version, that it is skipped.
void log_unreadable(const ResourceType& type, const ObjectKey& key, const base::Error& error);

// What a listing or a watch says of an object. Where that cannot be read: the last good state of
// it, or null.
template <class T>
std::shared_ptr<const T> read_or_last_good(
    const nlohmann::json& object,
    const std::function<base::Result<T>(const nlohmann::json&)>& parse, const ResourceType& type,
    const Store<T>& store) {
  base::Result<T> parsed = parse(object);
  if (parsed) return std::make_shared<const T>(std::move(*parsed));
  const ObjectKey key = read_key(object);
  log_unreadable(type, key, parsed.error());
  return store.get(key);
}

// Keeps a Store equal to the cluster: lists in pages, watches with bookmarks, resumes from the last
// version, lists again when that is too old. The old listing serves until the new one is whole. One
// thread, from start() until stop() or destruction; client and store must outlive it. An object
// that cannot be read is logged and left out; if it was readable before, its last good state stays.
template <class T>
class Reflector : private ReflectorLoop::Sink {
 public:
  using Parse = std::function<base::Result<T>(const nlohmann::json&)>;

  Reflector(Client& client, Store<T>& store, ReflectorOptions options = {})
      : Reflector(client, store, T::type(), &T::from_json, std::move(options)) {}
  Reflector(Client& client, Store<T>& store, ResourceType type, Parse parse,
            ReflectorOptions options = {})
      : store_(store),
        type_(type),
        parse_(std::move(parse)),
        namespace_(options.namespace_),
        loop_(client, std::move(type), std::move(options), *this) {}
  Reflector(const Reflector&) = delete;
  Reflector& operator=(const Reflector&) = delete;
  ~Reflector() override = default;

  void start() { loop_.start(); }
  void request_stop() { loop_.request_stop(); }
  void stop() { loop_.stop(); }
  ReflectorLoop& loop() { return loop_; }

 private:
  using Pointer = typename Store<T>::Pointer;

  void add_to_listing(const nlohmann::json& object) override {
    if (Pointer parsed = read(object)) listing_.push_back(std::move(parsed));
  }
  void drop_listing() override { listing_.clear(); }
  void finish_listing() override { store_.replace_all(std::exchange(listing_, {}), namespace_); }
  void put(const nlohmann::json& object) override {
    if (Pointer parsed = read(object)) store_.put(std::move(parsed));
  }
  void erase(const ObjectKey& key) override { store_.erase(key); }

  Pointer read(const nlohmann::json& object) const {
    return read_or_last_good(object, parse_, type_, store_);
  }

  Store<T>& store_;
  ResourceType type_;
  Parse parse_;
  const std::string namespace_;  // that it lists; empty: all
  std::vector<Pointer> listing_;
  ReflectorLoop loop_;  // last: its thread uses the others
};

}  // namespace kube
