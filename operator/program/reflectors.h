#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "kube/client.h"
#include "kube/holding_reflector.h"
#include "kube/named_reflector.h"
#include "kube/object_fetches.h"
#include "kube/reflector.h"
#include "operator/program/stores.h"

namespace program {

// Where the objects of one kind are listed: all namespaces, or each of some.
using Namespaces = std::set<std::string>;

// The watches that keep the stores; they only start together. Each has a thread of its own. TLS
// Secrets and EndpointSlices are kept where somebody names them (docs/decisions/0110), so theirs
// begin once Ingresses and Certificates are known.
class Reflectors {
 public:
  // Whether something that is in the stores names this. As kube::Naming::is_named.
  struct Named {
    std::function<bool(const kube::ObjectKey& secret)> is_secret;
    std::function<bool(const kube::ObjectKey& service)> is_service;
  };

  // client and stores outlive it. watched: the namespaces whose objects are read; none: all. own:
  // where the proxies' Services are read beside them. A release for some namespaces has no part in
  // what belongs to the whole cluster, but for IngressClasses.
  Reflectors(kube::Client& client, Stores& stores, const Namespaces& watched, const Namespaces& own,
             const Named& named);
  Reflectors(const Reflectors&) = delete;
  Reflectors& operator=(const Reflectors&) = delete;
  ~Reflectors();

  void start();
  void request_stop();
  void stop();

 private:
  // A reflector, as far as it is started and stopped.
  using Running = std::shared_ptr<kube::ReflectorLoop>;
  using Kinds = std::vector<kube::NamedKind*>;

  template <class T>
  void follow(kube::Store<T>& store, const Namespaces& namespaces,
              kube::ResourceType type = T::type(),
              typename kube::Reflector<T>::Parse parse = &T::from_json);
  template <class T>
  Kinds follow_named(kube::Store<T>& store, const Namespaces& namespaces,
                     typename kube::Reflector<T>::Parse parse, const kube::Naming& naming,
                     kube::ReflectorOptions options);
  template <class T>
  void follow_naming(kube::Store<T>& store, const Namespaces& namespaces, kube::ResourceType type,
                     typename kube::Reflector<T>::Parse parse,
                     typename kube::HoldingReflector<T>::NamesOf names_of);
  void begin_with_named();

  kube::Client& client_;
  Stores& stores_;
  kube::ObjectFetches fetches_;
  std::vector<Running> all_;
  std::vector<Running> named_;
  std::mutex mutex_;
  bool have_named_begun_ = false;  // or must not any more
};

}  // namespace program
