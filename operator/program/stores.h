#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <prometheus/registry.h>

#include "kube/cache.h"
#include "kube/client.h"
#include "kube/named_reflector.h"
#include "kube/object.h"
#include "kube/object_fetches.h"
#include "kube/resources/endpoint_slice.h"
#include "kube/resources/ingress.h"
#include "kube/resources/ingress_class.h"
#include "kube/resources/namespace.h"
#include "kube/resources/secret.h"
#include "kube/resources/service.h"
#include "kube/store.h"
#include "operator/api/certificate.h"
#include "operator/api/edge_parameters.h"
#include "operator/api/issuer.h"
#include "operator/ingress/edge_parameters_reader.h"

namespace program {

// What the operator knows of the cluster, as its watches tell it. A kind is one line below, and the
// cache starts it, stops it and waits for it. TLS Secrets and EndpointSlices are kept where
// somebody names them (docs/decisions/0110). Thread-safe, as each store is.
class Stores {
 public:
  using Namespaces = std::set<std::string>;
  // Whether something that is in the stores names this. As kube::Naming::is_named.
  using IsNamed = std::function<bool(const kube::ObjectKey& name)>;
  struct Named {
    IsNamed is_secret;
    IsNamed is_service;
  };

  // client outlives it. watched: the namespaces whose objects are read; none: all. own: where the
  // proxies' Services are read beside them. A release for some namespaces has no part in what
  // belongs to the whole cluster, but for IngressClasses, their parameters and the namespaces.
  // registry: as kube::Cache::Options::registry.
  Stores(kube::Client& client, const Namespaces& watched, const Namespaces& own, Named named,
         std::shared_ptr<prometheus::Registry> registry);

 private:
  using Names = std::vector<kube::NameOfKind>;

  static kube::Naming naming_of_secrets(IsNamed is_named);
  static kube::Naming naming_of_slices(IsNamed is_named);
  Names names_of(const kube::Ingress& ingress) const;
  Names names_of(const api::Certificate& certificate) const;
  Names names_of(const api::EdgeParameters& one) const;

  // As kube::CachedKind::namespaces.
  const Namespaces watched_;
  const Namespaces with_own_;
  const Namespaces of_the_cluster_;
  const Named named_;

 public:
  kube::Cache cache;  // of all that follow

  kube::Store<kube::Ingress>& ingresses = cache.keep_naming<kube::Ingress>(
      {.namespaces = watched_}, [this](const kube::Ingress& one) { return names_of(one); });
  kube::Store<kube::IngressClass>& classes = cache.keep<kube::IngressClass>();
  kube::Store<kube::Service>& services = cache.keep<kube::Service>({.namespaces = with_own_});
  kube::NamedStore<kube::EndpointSlice>& slices = cache.keep_named<kube::EndpointSlice>(
      {.namespaces = with_own_}, naming_of_slices(named_.is_service));
  kube::NamedStore<kube::Secret>& tls_secrets =
      cache.keep_named<kube::Secret>({.parse = &kube::Secret::tls_from_json,
                                      .namespaces = watched_,
                                      .field_selector = kube::kTlsSecretSelector},
                                     naming_of_secrets(named_.is_secret));
  kube::Store<api::Certificate>& certificates = cache.keep_naming<api::Certificate>(
      {.parse = &api::Certificate::read, .namespaces = watched_},
      [this](const api::Certificate& one) { return names_of(one); });
  kube::Store<api::Issuer>& issuers = cache.keep<api::Issuer>(
      {.type = api::Issuer::type(false), .parse = &api::Issuer::read, .namespaces = watched_});
  kube::Store<api::Issuer>& cluster_issuers =
      cache.keep<api::Issuer>({.type = api::Issuer::type(true),
                               .parse = &api::Issuer::read,
                               .namespaces = of_the_cluster_});
  // Advice: nobody waits for it.
  kube::Store<kube::Namespace>& namespaces = cache.keep<kube::Namespace>({.is_awaited = false});
  // Waited for where a class names some.
  kube::Store<api::EdgeParameters>& parameters = cache.keep_naming<api::EdgeParameters>(
      {.parse = &ingress::read_edge_parameters, .is_awaited = false},
      [this](const api::EdgeParameters& one) { return names_of(one); });
};

}  // namespace program
