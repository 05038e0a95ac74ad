#pragma once

#include <memory>
#include <vector>

#include "kube/resources/ingress.h"
#include "operator/routing/claimant.h"
#include "operator/routing/host_owners.h"
#include "operator/routing/passthrough_hosts.h"

namespace ingress {

// What Ingresses ask of hosts, in their order, as arbitration has it. A canary, which adds to
// another one's routes, asks for none.

routing::Claimant claimant_of(const kube::Ingress& ingress);

using Ingresses = std::vector<std::shared_ptr<const kube::Ingress>>;

// The hosts of rules and of the annotations that are claims on hosts, in ProxyConfig's spelling.
std::vector<routing::HostClaims> host_claims_of(const Ingresses& ingresses);

// Where TLS for hosts is to end. Empty where no Ingress asks for ssl-passthrough.
std::vector<routing::TlsEndClaims> tls_end_claims_of(const Ingresses& ingresses);

}  // namespace ingress
