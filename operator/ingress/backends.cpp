#include "operator/ingress/backends.h"

namespace ingress {

using routing::BackendIntent;
using routing::BackendResolver;
using routing::ResolvedBackend;

routing::ServiceBackend service_of(const kube::IngressServiceBackend& service) {
  return {service.name, service.port_name, service.port_number};
}

BackendIntent backend_intent_of(const kube::IngressBackend& backend) {
  BackendIntent intent;
  if (backend.resource) {
    intent.nowhere =
        routing::closed("resource_backend", "ResourceBackendUnsupported",
                        "a backend of kind " + backend.resource->kind + " (\"" +
                            backend.resource->name + "\") is not supported, only Services are");
  } else if (!backend.service) {
    intent.nowhere = routing::closed("no_backend", "BackendMissing",
                                     "a backend names neither a Service nor a resource");
  } else {
    intent.service = service_of(*backend.service);
  }
  return intent;
}

ResolvedBackend resolve(BackendResolver& backends, const std::string& namespace_,
                        const kube::IngressBackend& backend, const routing::Timeouts& timeouts) {
  const BackendIntent intent = backend_intent_of(backend);
  if (intent.nowhere) return *intent.nowhere;
  return backends.resolve(namespace_, intent.service, timeouts);
}

}  // namespace ingress
