#include "operator/routing/passthrough_hosts.h"

namespace routing {

PassthroughHosts::PassthroughHosts(const std::vector<TlsEndClaims>& claims,
                                   const HostOwners& owners) {
  for (const TlsEndClaims& claim : claims) {
    for (const std::string& host : claim.hosts) {
      if (host.empty() || !owners.admits(host, claim.by.namespace_())) continue;
      decisions_.try_emplace(host, Decision{claim.by, claim.passes});
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
