#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include "kube/client.h"
#include "kube/holding_reflector.h"
#include "kube/named_kind.h"
#include "kube/named_reflector.h"
#include "kube/object.h"
#include "kube/object_fetches.h"
#include "kube/reflector.h"
#include "kube/store.h"

namespace kube {

// A kind that is kept, and how it is read.
template <class T>
struct CachedKind {
  ResourceType type = T::type();
  typename Reflector<T>::Parse parse = &T::from_json;
  // Each is listed and watched for itself; an empty name: the whole cluster. None: nothing is read,
  // and it is known that there is nothing.
  std::set<std::string> namespaces{""};
  std::string field_selector{};
  // Whether everything waits for its first listing.
  bool is_awaited = true;
};

// The store of a kind that is kept where it is named.
template <class T>
class NamedStore final : public Store<T> {
 public:
  // Names these, as far as they are of namespaces that are read.
  void add_names(const std::set<ObjectKey>& keys, std::vector<NameOfKind>& names) const {
    for (const ObjectKey& key : keys) {
      for (NamedKind* const kind : kinds_) {
        if (kind->covers(key.namespace_)) names.push_back({kind, key});
      }
    }
  }

 private:
  friend class Cache;
  std::vector<NamedKind*> kinds_;  // one for each namespace that is listed
};

// What a program keeps of the cluster: the stores of some kinds, and the watches that fill them. A
// store comes with its watches and cannot be had without them, so each kind that is kept is
// started, stopped and waited for. A watch is a thread, from start() until stop() or destruction.
// What is kept where it is named begins once those kinds are known that name it and that everything
// waits for; what names it and comes later fetches it.
class Cache {
 public:
  struct Options {
    ReflectorOptions reflector{};  // of each; namespace and field selector are the kind's
    ObjectFetches::Options fetches{};
    std::shared_ptr<prometheus::Registry> registry{};  // null: no metrics
  };

  // client outlives it.
  explicit Cache(Client& client) : Cache(client, Options{}) {}
  Cache(Client& client, Options options);
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;
  ~Cache();  // stops

  // ---- Set up, before start(): one call for each kind. The store lives as long as the cache.

  template <class T>
  Store<T>& keep(const CachedKind<T>& kind = {}) {
    Store<T>& store = add<Store<T>>(kind, Role::alone);
    for (const std::string& namespace_ : kind.namespaces) {
      add_watch(
          std::make_shared<Reflector<T>>(client_, store, kind.type, kind.parse,
                                         options_for(kind.type, kind.field_selector, namespace_)));
    }
    return store;
  }

  // Whose objects name others that are kept for that alone (HoldingReflector).
  template <class T>
  Store<T>& keep_naming(const CachedKind<T>& kind,
                        const typename HoldingReflector<T>::NamesOf& names_of) {
    Store<T>& store = add<Store<T>>(kind, Role::naming);
    for (const std::string& namespace_ : kind.namespaces) {
      add_watch(std::make_shared<HoldingReflector<T>>(
          client_, store, kind.type, kind.parse, names_of, fetches_,
          options_for(kind.type, kind.field_selector, namespace_)));
    }
    return store;
  }

  // Of which those are kept that somebody names (NamedReflector).
  template <class T>
  NamedStore<T>& keep_named(const CachedKind<T>& kind, const Naming& naming) {
    NamedStore<T>& store = add<NamedStore<T>>(kind, Role::named);
    for (const std::string& namespace_ : kind.namespaces) {
      const auto reflector = std::make_shared<NamedReflector<T>>(
          client_, store, kind.type, kind.parse, naming,
          options_for(kind.type, kind.field_selector, namespace_));
      store.kinds_.push_back(reflector.get());
      add_watch(reflector);
    }
    return store;
  }

  // ---- Once.

  void start();
  // Asks without waiting, so that many can be stopped together.
  void request_stop();
  void stop();

  // ---- Any thread.

  // The kinds that everything waits for and that were not listed yet: "Ingresses, Services". Empty:
  // none.
  std::string awaited() const;
  // What is read, and so must be allowed to be listed and watched.
  std::vector<ResourceType> kinds() const;

 private:
  struct Metrics;

  enum class Role { alone, naming, named };
  // A reflector, as far as it is started and stopped.
  using Watch = std::shared_ptr<ReflectorLoop>;

  // A store, whatever its objects are.
  class AnyStore {
   public:
    virtual ~AnyStore() = default;
    virtual bool has_synced() const = 0;
    virtual void list_nothing() = 0;
  };
  template <class S>
  class Held final : public AnyStore {
   public:
    bool has_synced() const override { return store.has_synced(); }
    void list_nothing() override { store.replace_all({}); }

    S store;
  };
  struct Kept {
    ResourceType type;
    bool is_awaited;
    Role role;
    std::unique_ptr<AnyStore> store;
    std::vector<Watch> watches;  // behind the store that they fill
  };

  template <class S, class T>
  S& add(const CachedKind<T>& kind, Role role) {
    auto held = std::make_unique<Held<S>>();
    S& store = held->store;
    store.expect_listings_of(kind.namespaces);
    if (metrics_) count(store, kind.type);
    if (role == Role::naming) store.add_sync_listener([this] { begin_with_named(); });
    kinds_.push_back(Kept{kind.type, kind.is_awaited, role, std::move(held), {}});
    return store;
  }
  template <class T>
  void count(Store<T>& store, const ResourceType& type) {
    prometheus::Gauge& objects = gauge_of_objects(type);
    store.add_listener([&objects](const ObjectChange<T>& change) {
      if (!change.before) objects.Increment();
      if (!change.after) objects.Decrement();
    });
    prometheus::Gauge& is_listed = gauge_of_listing(type);
    store.add_sync_listener([&is_listed] { is_listed.Set(1); });
  }
  template <class R>
  void add_watch(const std::shared_ptr<R>& reflector) {
    kinds_.back().watches.emplace_back(reflector, &reflector->loop());
  }
  ReflectorOptions options_for(const ResourceType& type, const std::string& field_selector,
                               const std::string& namespace_) const;
  prometheus::Gauge& gauge_of_objects(const ResourceType& type);
  prometheus::Gauge& gauge_of_listing(const ResourceType& type);

  void start_watches(Role role);
  void begin_with_named();

  Client& client_;
  const ReflectorOptions reflector_;
  const std::unique_ptr<Metrics> metrics_;
  ObjectFetches fetches_;
  std::vector<Kept> kinds_;  // as they are from start() on
  std::mutex mutex_;
  bool have_named_begun_ = false;  // or must not any more
};

}  // namespace kube
