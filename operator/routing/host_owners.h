#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/shared_map.h"
#include "operator/routing/claimant.h"

namespace routing {

// What a claimant asks for and may own, in ProxyConfig's spelling.
struct HostClaims {
  Claimant by;
  std::vector<std::string> hosts;         // of its routes
  std::vector<std::string> redirected{};  // all of which leads to another host
  bool passes_tls = false;                // TLS for hosts of its routes ends at its backends
};

// Whose each host is: the namespace's of the oldest claimant with a rule for it. What another
// namespace says about it - paths, a default backend, a redirect, tls entries, Certificates - has
// no effect, unless namespaces may share hosts. A value made from all claims of one moment.
//
// A rule for a wildcard is a rule for every name under it: who came first has those that nobody had
// before. "" is "every other host", and a host of its own. A host that nobody has a rule for is
// nobody's.
// Copies share what they have in common.
class HostOwners {
 public:
  HostOwners() = default;  // nobody has a rule for anything
  // In the order in which they have their say.
  HostOwners(const std::vector<HostClaims>& claims, bool may_be_shared);

  // Hosts are in ProxyConfig's spelling. nullptr: nobody has a rule for it.
  const Claimant* owner_of(const std::string& host) const;
  // Whether the namespace has a say about the host.
  bool admits(const std::string& host, const std::string& namespace_) const;
  // Whether it owns an exact host under the wildcard.
  bool has_host_under(const std::string& wildcard, const std::string& namespace_) const;
  // Why the namespace may have no Certificate for these names: a sentence with the remedy. Empty:
  // it has a say about all of them.
  std::string why_not(const std::vector<std::string>& names, const std::string& namespace_) const;
  bool may_be_shared() const { return may_be_shared_; }

  // Of claimants that have no host in common, nor one with a wildcard over it: both together are
  // the owners of all of them, and taking one away leaves the others'.
  void add(const HostOwners& others);
  void remove(const HostOwners& others);

  bool operator==(const HostOwners&) const = default;

  // Calls visit(host) for each host of a rule that another claimant owns, or nobody did or does.
  // Looks at nothing that both share.
  template <class Visit>
  static void visit_differences(const HostOwners& from, const HostOwners& to, const Visit& visit) {
    base::SharedMap<Claimant>::visit_differences(
        from.owners_, to.owners_,
        [&visit](const std::string& host, const Claimant*, const Claimant*) { visit(host); });
  }

 private:
  bool may_be_shared_ = false;
  base::SharedMap<Claimant> owners_;  // by host of a rule
  // "*.example/shop": how many hosts of that namespace are under the wildcard. A host has no slash.
  // One entry for each of the two: whoever adds one host under a wildcard of ten thousand
  // namespaces changes one.
  base::SharedMap<std::size_t> under_wildcard_;
};

}  // namespace routing
