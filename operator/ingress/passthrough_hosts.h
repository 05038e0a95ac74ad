#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kube/object.h"
#include "kube/resources/ingress.h"
#include "operator/ingress/host_owners.h"

namespace ingress {

// Which hosts have their TLS end at a backend (ssl-passthrough). That is one decision for all of a
// host, and the oldest Ingress with a rule for it that has a say there makes it. "" is no host that
// a client could name. A value made from all Ingresses of one moment.
class PassthroughHosts {
 public:
  // In the order in which they have their say; see owned_by_age().
  PassthroughHosts(const std::vector<std::shared_ptr<const kube::Ingress>>& ingresses,
                   const HostOwners& owners);

  bool has(const std::string& host) const;
  // Who has decided, one way or the other; nullptr: nobody asks for it anywhere, or has the host.
  const kube::ObjectKey* decided_by(const std::string& host) const;

 private:
  struct Decision {
    kube::ObjectKey by;
    bool passes = false;
  };
  std::map<std::string, Decision> decisions_;  // empty where no Ingress asks for it
};

}  // namespace ingress
