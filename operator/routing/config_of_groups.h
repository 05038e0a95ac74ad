#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "proxy/config/model.h"

namespace routing {

// The configuration that groups of claimants (ClaimantGroups) make up together, while groups come
// and go. Clusters, guards and shapes may be of several; a host, a certificate and a name under TLS
// are of one. A change costs what its groups have, and an entry that stays equal keeps its address.
// Not thread-safe.
class ConfigOfGroups {
 public:
  using ProxyConfig = proxy::config::ProxyConfig;

  // Groups are taken away from here on, and compiled again.
  void begin_round();
  // Takes away what no other group has. group: as add() has returned it.
  void remove(const ProxyConfig& group);
  // What has come of a group. Returns it as it is to be kept: entries that equal those that were
  // taken away since begin_round(), or clusters of other groups, have their address.
  ProxyConfig add(ProxyConfig group);
  // Since begin_round() two groups have claimed one place, which they never do; the first one has
  // it.
  bool has_conflict() const { return has_conflict_; }

  // What is of no group. False: it is as before.
  bool put_arrivals(ProxyConfig::Section<proxy::config::Arrivals> arrivals);
  void put_challenges(ProxyConfig::Section<proxy::config::ChallengeAnswer> challenges) {
    all_.challenges = std::move(challenges);
  }

  const ProxyConfig& all() const { return all_; }

 private:
  ProxyConfig all_;
  // How many groups have a cluster, guards or a shape of these beside the first one that has it:
  // most have one.
  std::map<std::string, std::size_t> further_of_clusters_;
  std::map<std::string, std::size_t> further_of_guards_;
  std::map<std::string, std::size_t> further_of_shapes_;
  ProxyConfig removed_;  // since begin_round()
  bool has_conflict_ = false;
};

}  // namespace routing
