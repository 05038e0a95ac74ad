#include "operator/program/stores.h"

namespace program {

std::string Stores::not_synced() const {
  std::string names;
  const auto add = [&](const auto& store, const char* name) {
    if (!store.has_synced()) names += std::string(names.empty() ? "" : ", ") + name;
  };
  add(ingresses, "Ingresses");
  add(classes, "IngressClasses");
  add(services, "Services");
  add(slices, "EndpointSlices");
  add(tls_secrets, "Secrets");
  add(certificates, "Certificates");
  add(issuers, "Issuers");
  add(cluster_issuers, "ClusterIssuers");
  return names;
}

}  // namespace program
