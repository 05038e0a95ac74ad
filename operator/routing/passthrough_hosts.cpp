#include "operator/routing/passthrough_hosts.h"

#include <algorithm>

namespace routing {

PassthroughHosts::PassthroughHosts(const std::vector<HostClaims>& claims,
                                   const HostOwners& owners) {
  const bool is_asked_for = std::any_of(claims.begin(), claims.end(),
                                        [](const HostClaims& claim) { return claim.passes_tls; });
  if (!is_asked_for) return;
  for (const HostClaims& claim : claims) {
    for (const std::string& host : claim.hosts) {
      if (host.empty() || !owners.admits(host, claim.by.namespace_())) continue;
      decisions_.try_emplace(host, Decision{claim.by, claim.passes_tls});
    }
  }
}

bool PassthroughHosts::has(const std::string& host) const {
  const auto found = decisions_.find(host);
  return found != decisions_.end() && found->second.passes;
}

const Claimant* PassthroughHosts::decided_by(const std::string& host) const {
  const auto found = decisions_.find(host);
  return found == decisions_.end() ? nullptr : &found->second.by;
}

}  // namespace routing
