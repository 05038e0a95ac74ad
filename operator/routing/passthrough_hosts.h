#pragma once

#include <map>
#include <string>
#include <vector>

#include "operator/routing/claimant.h"
#include "operator/routing/host_owners.h"

namespace routing {

// Which hosts have their TLS end at a backend (ssl-passthrough). That is one decision for all of a
// host, and the oldest claimant with a rule for it that has a say there makes it. "" is no host
// that a client could name. A value made from all claims of one moment.
class PassthroughHosts {
 public:
  // In the order in which they have their say.
  PassthroughHosts(const std::vector<HostClaims>& claims, const HostOwners& owners);

  bool has(const std::string& host) const;
  // Who has decided, one way or the other; nullptr: nobody asks for it anywhere, or has the host.
  const Claimant* decided_by(const std::string& host) const;

 private:
  struct Decision {
    Claimant by;
    bool passes = false;
  };
  std::map<std::string, Decision> decisions_;  // empty where nobody asks for it
};

}  // namespace routing
