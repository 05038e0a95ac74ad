#pragma once

#include <string>

#include "kube/resources/ingress.h"
#include "operator/routing/backend.h"
#include "operator/routing/backend_resolver.h"

namespace ingress {

// The Service that a backend of an Ingress names.
routing::ServiceBackend service_of(const kube::IngressServiceBackend& service);

// BackendResolver::resolve() of what a backend of an Ingress names, which only a Service can be.
routing::ResolvedBackend resolve(routing::BackendResolver& backends, const std::string& namespace_,
                                 const kube::IngressBackend& backend,
                                 const routing::Timeouts& timeouts,
                                 const routing::BackendProtocol& protocol = {},
                                 const routing::EndpointChoice& choice = {});

}  // namespace ingress
