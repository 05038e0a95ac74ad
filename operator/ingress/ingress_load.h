#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "kube/object.h"
#include "kube/resources/ingress.h"
#include "operator/ingress/annotations/other_hosts.h"
#include "operator/ingress/annotations/route_policy.h"
#include "operator/routing/load.h"
#include "operator/routing/tls_secret.h"
#include "proxy/config/model.h"

namespace ingress {

// What an Ingress is known to ask for before anything is made of it.
struct Asked {
  const kube::Ingress& ingress;
  const annotations::RoutePolicy& policy;
  const annotations::OtherHosts& others;
  const proxy::config::Policies& policies;  // of each of its routes
  proxy::config::Size guards, shape;        // of those that it has
  // Who is asked about its requests, or gets copies: Services, and hosts on the outside.
  std::vector<kube::ObjectKey> asked_services{};
  std::size_t asked_outside = 0;
  bool has_default_of_class = false;  // each of its hosts may get a default route
  proxy::config::Size authorities{};  // of a ConfigMap, that its backends are verified by
};

// size_of_service: of what a cluster has of it at most (BackendResolver). secrets: those that it
// names.
routing::Load load_of(
    const Asked& asked,
    const std::function<proxy::config::Size(const kube::ObjectKey& service)>& size_of_service,
    const std::map<kube::ObjectKey, std::shared_ptr<const routing::TlsSecret>>& secrets);

}  // namespace ingress
