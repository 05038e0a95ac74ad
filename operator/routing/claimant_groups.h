#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kube/object.h"
#include "operator/routing/claimant_key.h"
#include "operator/routing/keys_by_hash.h"

namespace routing {

// Which claimants have to do with each other: those with a host or a Certificate in common, or with
// hosts that one wildcard of theirs covers, and those that have to do with one and the same third.
// Two groups can be compiled apart. A change costs as much as the groups that it touches are large.
// Names are kept as hashes: two with one hash count as a name in common. Not thread-safe.
class ClaimantGroups {
 public:
  using Members = std::set<ClaimantKey>;

  // What is decided between claimants that have it in common. What they merely use (Uses) is not.
  struct Names {
    std::set<std::string> hosts;
    // That are to be issued for it, or that it may take away.
    std::set<kube::ObjectKey> certificates;
    bool operator==(const Names&) const = default;
  };

  // Makes the claimant known with these names instead of those that it had. Returns its key, which
  // stays where it is until the claimant is erased.
  const ClaimantKey& put(const ClaimantKey& claimant, const Names& names);
  void erase(const ClaimantKey& claimant);

  bool has(const ClaimantKey& claimant) const { return hashes_.count(claimant) != 0; }
  Members all() const;

  // The claimants with one of these names, or with one that has to do with it.
  Members neighbours(const Names& names) const;

  // The groups that these make. They must be whole: with whoever has to do with one of them.
  std::vector<Members> groups_of(const Members& claimants) const;

 private:
  struct Hashes {
    struct Host {
      std::uint64_t name = 0;
      std::uint64_t wildcard = 0;  // that covers it; 0: there is none
      bool operator==(const Host&) const = default;
    };
    std::vector<Host> hosts;
    std::vector<std::uint64_t> certificates;
    bool operator==(const Hashes&) const = default;
  };
  static Hashes hashes_of(const Names& names);

  // With a key of hashes_.
  void file(const ClaimantKey& claimant, const Hashes& hashes);
  void unfile(const ClaimantKey& claimant, const Hashes& hashes);

  std::map<ClaimantKey, Hashes> hashes_;
  ClaimantsByHash by_host_;
  ClaimantsByHash by_covering_wildcard_;
  ClaimantsByHash by_certificate_;
};

}  // namespace routing
