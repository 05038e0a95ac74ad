#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "kube/resources/ingress.h"
#include "kube/resources/ingress_class.h"
#include "kube/resources/service.h"
#include "kube/store.h"
#include "operator/ingress/overlooked.h"
#include "operator/ingress/parameters_in_force.h"

namespace ingress {

// What there is to say of an Ingress (overlooked.h), by what is known of the cluster now: the whole
// truth, or nothing is said. Any thread.
class Remarks {
 public:
  struct Sources {
    const kube::Store<kube::IngressClass>& classes;
    const kube::Store<kube::Service>& services;
    const ParametersInForce& in_force;  // of these classes
  };
  struct Options {
    std::set<std::string> class_names;                              // that this release serves
    std::function<std::set<std::string>()> classes_elsewhere;       // that others serve, as of now
    std::optional<kube::ObjectKey> publish_service = std::nullopt;  // --publish-service
    bool are_addresses_given = false;                               // --publish-address
  };

  // What `sources` refers to outlives it.
  Remarks(const Sources& sources, Options options)
      : sources_(sources), options_(std::move(options)) {}

  std::optional<Remark> on(const kube::Ingress& ingress) const;

 private:
  const Sources sources_;
  const Options options_;
};

}  // namespace ingress
