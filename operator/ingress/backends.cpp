#include "operator/ingress/backends.h"

namespace ingress {

using routing::BackendResolver;
using routing::ResolvedBackend;

routing::ServiceBackend service_of(const kube::IngressServiceBackend& service) {
  return {service.name, service.port_name, service.port_number};
}

ResolvedBackend resolve(BackendResolver& backends, const std::string& namespace_,
                        const kube::IngressBackend& backend, const routing::Timeouts& timeouts,
                        const routing::BackendProtocol& protocol,
                        const routing::EndpointChoice& choice) {
  if (backend.resource) {
    return routing::closed("resource_backend", "ResourceBackendUnsupported",
                           "a backend of kind " + backend.resource->kind + " (\"" +
                               backend.resource->name + "\") is not supported, only Services are");
  }
  if (!backend.service) {
    return routing::closed("no_backend", "BackendMissing",
                           "a backend names neither a Service nor a resource");
  }
  return backends.resolve(namespace_, service_of(*backend.service), timeouts, protocol, choice);
}

}  // namespace ingress
