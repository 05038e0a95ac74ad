#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "kube/client.h"
#include "kube/reflector.h"
#include "operator/program/stores.h"

namespace program {

// Where the objects of one kind are listed: all namespaces, or each of some.
using Namespaces = std::set<std::string>;

// The watches that keep the stores; they only start together. Each has a thread of its own.
class Reflectors {
 public:
  // client and stores outlive it. watched: the namespaces whose objects are read; none: all. own:
  // where the proxies' Services are read beside them. A release for some namespaces has no part in
  // what belongs to the whole cluster, but for IngressClasses.
  Reflectors(kube::Client& client, Stores& stores, const Namespaces& watched,
             const Namespaces& own);

  void start();
  void request_stop();
  void stop();

 private:
  struct Running {
    std::function<void()> start;
    std::function<void()> request_stop;
    std::function<void()> stop;
  };

  template <class T>
  void follow(kube::Store<T>& store, const Namespaces& namespaces,
              kube::ReflectorOptions options = {}, kube::ResourceType type = T::type(),
              typename kube::Reflector<T>::Parse parse = &T::from_json);

  kube::Client& client_;
  std::vector<Running> all_;
};

}  // namespace program
