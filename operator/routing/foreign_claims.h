#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "operator/routing/claimant.h"
#include "operator/routing/complaint.h"

namespace routing {

// Who asked for hosts of another namespace, so that both sides hear of it: the one that asked, at
// its claimant, and the owner, at the claimant that makes it the owner. One sentence for each pair,
// however many hosts and paths there are.
class ForeignClaims {
 public:
  void add(const Claimant& owner, const Claimant& by, const std::string& host);

  void report(bool hosts_may_be_shared, Complaints& complaints) const;

 private:
  void report_refused(Complaints& complaints) const;
  void report_shared(Complaints& complaints) const;

  using Hosts = std::set<std::string>;
  std::map<std::pair<Claimant, Claimant>, Hosts> by_claimant_;  // by, owner
  // The owner hears of a namespace, not of each of its claimants: their number is not the owner's.
  std::map<std::pair<Claimant, std::string>, Hosts> by_owner_;
};

}  // namespace routing
