#pragma once

#include <string>

#include "kube/resources/ingress.h"
#include "operator/routing/backend.h"
#include "operator/routing/backend_resolver.h"
#include "operator/routing/intent.h"

namespace ingress {

// The Service that a backend of an Ingress names.
routing::ServiceBackend service_of(const kube::IngressServiceBackend& service);

// What a backend of an Ingress asks for, which only a Service can be.
routing::BackendIntent backend_intent_of(const kube::IngressBackend& backend);

// BackendResolver::resolve() of that.
routing::ResolvedBackend resolve(routing::BackendResolver& backends, const std::string& namespace_,
                                 const kube::IngressBackend& backend,
                                 const routing::Timeouts& timeouts);

}  // namespace ingress
