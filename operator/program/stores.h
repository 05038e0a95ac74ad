#pragma once

#include <string>

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

namespace program {

// What the operator knows of the cluster, as its watches tell it. Thread-safe, as each store is.
struct Stores {
  kube::Store<kube::Ingress> ingresses;
  kube::Store<kube::IngressClass> classes;
  kube::Store<kube::Service> services;
  kube::Store<kube::EndpointSlice> slices;
  kube::Store<kube::Secret> tls_secrets;
  kube::Store<api::Certificate> certificates;
  kube::Store<api::Issuer> issuers;
  kube::Store<api::Issuer> cluster_issuers;
  kube::Store<kube::Namespace> namespaces;      // advice: nobody waits for it
  kube::Store<api::EdgeParameters> parameters;  // waited for where a class names some

  // Those that everything waits for and that were not listed yet, in words; empty: none.
  std::string not_synced() const;
};

}  // namespace program
