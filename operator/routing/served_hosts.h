#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "operator/routing/claimant_key.h"

namespace routing {

// Which hosts claimants serve, for those who ask about hosts that others may serve: of who is asked
// about requests, say. Who asks about a host need not be of one group with who serves it: of
// thousands that ask about one each is compiled by itself, and again when it comes to be served or
// is no longer. A change costs what asks about the hosts that it names. Hosts are in ProxyConfig's
// spelling. Not thread-safe.
class ServedHosts {
 public:
  using Members = std::set<ClaimantKey>;

  // A group serves these, or does no longer.
  void add(const std::vector<std::string>& hosts);
  void remove(const std::vector<std::string>& hosts);

  void ask(const std::string& host, const ClaimantKey& by);
  void ask_no_more(const std::string& host, const ClaimantKey& by);

  // Whether those who ask about the host are to be told that it is served; as it was when they were
  // taken last, or when the first of them came.
  bool is_told(const std::string& host) const { return told_.count(host) != 0; }
  // Those to whom something else is to be told from now on.
  Members take_changed();

 private:
  bool is_served(const std::string& host) const;
  void look_again_at(const std::vector<std::string>& hosts);

  std::map<std::string, std::size_t> servers_;  // groups, of a host
  std::map<std::string, Members> asking_;
  // Hosts that are asked about, by the wildcard that covers them; "": none does.
  std::map<std::string, std::set<std::string>> asked_under_;
  std::set<std::string> told_;
  // Hosts that are asked about, and may be served where they were not, or no longer.
  std::set<std::string> to_look_at_;
};

}  // namespace routing
