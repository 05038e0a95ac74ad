#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kube/object.h"
#include "operator/routing/claimant_key.h"
#include "operator/routing/keys_by_hash.h"

namespace routing {

// Which claimants have to do with each other: those with a host or a Certificate in common, or with
// hosts that one wildcard of theirs covers, and those that have to do with one and the same third.
// A wildcard for which all whom it concerns name one and the same Secret, and ask nothing more,
// joins nobody: each of them says by itself what is shown there.
// Two groups can be compiled apart. A change costs as much as the groups that it touches are large.
// Names are kept as hashes: two with one hash count as a name in common. Not thread-safe.
class ClaimantGroups {
 public:
  using Members = std::set<ClaimantKey>;

  // What is decided between claimants that have it in common. What they merely use (Uses) is not.
  struct Names {
    std::set<std::string> hosts{};
    // That are to be issued for it, or that it may take away.
    std::set<kube::ObjectKey> certificates{};
    // Wildcards among the hosts of which it says nothing but this: the Secret whose certificate is
    // to be shown.
    std::map<std::string, kube::ObjectKey> shown{};
    bool operator==(const Names&) const = default;
  };

  // Makes the claimant known with these names instead of those that it had. Returns its key, which
  // stays where it is until the claimant is erased.
  const ClaimantKey& put(const ClaimantKey& claimant, const Names& names);
  void erase(const ClaimantKey& claimant);

  bool has(const ClaimantKey& claimant) const { return hashes_.count(claimant) != 0; }
  Members all() const;

  // Those whom a claimant that is known has to do with by itself, and the claimant.
  Members neighbours(const ClaimantKey& claimant) const;

  // The groups that these make. They must be whole: with whoever has to do with one of them.
  std::vector<Members> groups_of(const Members& claimants) const;

 private:
  struct Hashes {
    struct Host {
      std::uint64_t name = 0;
      std::uint64_t wildcard = 0;  // that covers it; 0: there is none
      bool is_wildcard = false;
      bool operator==(const Host&) const = default;
    };
    std::vector<Host> hosts;
    std::vector<std::uint64_t> certificates;
    // The Secrets by themselves: two that were taken for one would part whom a wildcard joins.
    std::vector<std::pair<std::uint64_t, kube::ObjectKey>> shown;
    bool operator==(const Hashes&) const = default;
  };
  static Hashes hashes_of(const Names& names);

  // Of a wildcard that is shown by somebody: whom it concerns, who name it or a host beneath.
  struct Shown {
    std::size_t concerned = 0;
    std::map<kube::ObjectKey, std::size_t> by_secret{};  // how many of them show it by that
    bool joins_nobody() const {
      return by_secret.size() == 1 && by_secret.begin()->second == concerned;
    }
  };
  static std::set<std::uint64_t> wildcards_of(const Hashes& hashes);
  static const kube::ObjectKey* secret_for(std::uint64_t wildcard, const Hashes& hashes);
  void begin_to_show(std::uint64_t wildcard);
  bool joins(std::uint64_t wildcard) const;
  bool joins_by_name(const Hashes::Host& host) const {
    return !host.is_wildcard || joins(host.name);
  }
  bool joins_by_wildcard(const Hashes::Host& host) const {
    return host.wildcard != 0 && joins(host.wildcard);
  }

  // With a key of hashes_.
  void file(const ClaimantKey& claimant, const Hashes& hashes);
  void unfile(const ClaimantKey& claimant, const Hashes& hashes);

  std::map<ClaimantKey, Hashes> hashes_;
  ClaimantsByHash by_host_;
  ClaimantsByHash by_covering_wildcard_;
  ClaimantsByHash by_certificate_;
  std::map<std::uint64_t, Shown> shown_;
};

}  // namespace routing
