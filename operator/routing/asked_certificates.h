#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "operator/routing/claimant.h"
#include "operator/routing/complaint.h"
#include "proxy/config/model.h"

namespace routing {

// What the claimants of each host ask of clients. ingress-nginx has one answer for all paths of a
// host. Here each claimant has its own, which is said to both: who comes from there may have relied
// on the other's.
class AskedCertificates {
 public:
  // In the order in which they have their say; nothing: it asks for none.
  void add(const std::string& host, const Claimant& claimant,
           const std::optional<proxy::config::ClientCertificates>& asked);

  // To those who ask otherwise than another one of their host.
  void report(Complaints& complaints) const;

 private:
  struct AskedBy {
    Claimant claimant;
    std::optional<proxy::config::ClientCertificates> asked;
  };
  std::map<std::string, std::vector<AskedBy>> by_host_;
};

}  // namespace routing
