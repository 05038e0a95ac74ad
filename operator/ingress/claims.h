#pragma once

#include <memory>
#include <vector>

#include "kube/resources/ingress.h"
#include "operator/ingress/host_owners.h"
#include "operator/ingress/passthrough_hosts.h"
#include "operator/routing/claimant.h"

namespace ingress {

// What Ingresses ask of hosts, in their order, as arbitration has it. A canary, which adds to
// another one's routes, asks for none.

routing::Claimant claimant_of(const kube::Ingress& ingress);

using Ingresses = std::vector<std::shared_ptr<const kube::Ingress>>;

// The hosts of rules and of the annotations that are claims on hosts, in ProxyConfig's spelling.
std::vector<HostClaims> host_claims_of(const Ingresses& ingresses);

// Where TLS for hosts is to end. Empty where no Ingress asks for ssl-passthrough.
std::vector<TlsEndClaims> tls_end_claims_of(const Ingresses& ingresses);

}  // namespace ingress
