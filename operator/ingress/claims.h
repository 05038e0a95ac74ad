#pragma once

#include <optional>
#include <vector>

#include "operator/ingress/annotations/other_hosts.h"
#include "operator/ingress/owned_ingresses.h"
#include "operator/routing/host_owners.h"
#include "operator/routing/passthrough_hosts.h"

namespace ingress {

// What Ingresses ask of hosts, as arbitration has it: the hosts of rules and of the annotations
// that are claims on hosts, in ProxyConfig's spelling. A canary, which adds to another one's
// routes, asks for none.

// others: of the same Ingress. Nothing: it is a canary.
std::optional<routing::HostClaims> host_claims_of(const OwnedIngress& owned,
                                                  const annotations::OtherHosts& others);

// In their order.
std::vector<routing::HostClaims> host_claims_of(const std::vector<OwnedIngress>& all);

// The hosts whose TLS passes to backends. Costs a look at each where none asks for ssl-passthrough.
routing::PassthroughHosts passthrough_of(const std::vector<OwnedIngress>& all,
                                         const routing::HostOwners& owners);

}  // namespace ingress
