#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "proxy/config/model.h"

namespace routing {

// The configuration that groups of claimants (ClaimantGroups) make up together, while groups come
// and go. Clusters, certificates, guards and shapes may be of several, and so may a name under TLS
// of which all say the same; a host is of one. A change costs what its groups have, and an entry
// that stays equal keeps its address. Not thread-safe.
class ConfigOfGroups {
 public:
  using ProxyConfig = proxy::config::ProxyConfig;

  // Groups are taken away from here on, and compiled again.
  void begin_round();
  // Takes away what no other group has. group: as add() has returned it.
  void remove(const ProxyConfig& group);
  // What has come of a group. Returns it as it is to be kept: entries that equal those that were
  // taken away since begin_round(), or clusters and certificates of other groups, have their
  // address.
  ProxyConfig add(ProxyConfig group);
  // Since begin_round() two groups have claimed one place, which they never do; the first one has
  // it.
  bool has_conflict() const { return has_conflict_; }
  // The ids of certificates that a group has brought in place of what others still go by, since
  // this was last asked: the names that those show them for may not be theirs.
  std::set<std::string> take_replaced_certificates() { return std::exchange(replaced_, {}); }

  // What is of no group. False: it is as before.
  bool put_arrivals(ProxyConfig::Section<proxy::config::Arrivals> arrivals);
  void put_challenges(ProxyConfig::Section<proxy::config::ChallengeAnswer> challenges) {
    all_.challenges = std::move(challenges);
  }

  const ProxyConfig& all() const { return all_; }

 private:
  ProxyConfig all_;
  // How many groups have a cluster, a certificate, a name, guards or a shape of these beside the
  // first one that has it: most have one.
  std::map<std::string, std::size_t> further_of_clusters_;
  std::map<std::string, std::size_t> further_of_certificates_;
  std::map<std::string, std::size_t> further_of_names_;
  std::map<std::string, std::size_t> further_of_guards_;
  std::map<std::string, std::size_t> further_of_shapes_;
  std::set<std::string> replaced_;
  ProxyConfig removed_;  // since begin_round()
  bool has_conflict_ = false;
};

}  // namespace routing
