#pragma once

#include <string>
#include <vector>

#include "operator/routing/complaint.h"
#include "operator/routing/foreign_claims.h"
#include "operator/routing/host_owners.h"
#include "operator/routing/passthrough_hosts.h"
#include "operator/routing/rank.h"
#include "operator/routing/sni_table.h"

namespace routing {

// Whose word counts about hosts, in one compilation: who owns them, where their TLS ends, and who
// has asked for what is another's. Hosts are in ProxyConfig's spelling.
class Arbitration {
 public:
  // In the order in which they have their say.
  Arbitration(const std::vector<HostClaims>& claims, bool hosts_may_be_shared)
      : owners_(claims, hosts_may_be_shared), passthrough_(claims, owners_) {}

  const HostOwners& owners() const { return owners_; }
  const PassthroughHosts& passthrough() const { return passthrough_; }

  // Whether it has a say about the host. Where another namespace owns it, both are told; of who is
  // ending nobody is.
  bool asks_for(const Rank& by, const std::string& host);

  // Offers the certificate of a Secret of its namespace for a name, as far as it has a say there.
  // Of a host whose TLS passes nobody is shown a certificate here, which is told.
  void offer(const Rank& by, const std::string& secret, const std::string& name, bool is_ordered,
             SniTable& sni, Complaints& complaints);

  // What asks_for() has noted.
  void report(Complaints& complaints) const {
    foreign_claims_.report(owners_.may_be_shared(), complaints);
  }

 private:
  void leave_unused(const Claimant& claimant, const std::string& secret, const std::string& name,
                    Complaints& complaints) const;

  const HostOwners owners_;
  const PassthroughHosts passthrough_;
  ForeignClaims foreign_claims_;
};

}  // namespace routing
