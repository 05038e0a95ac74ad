#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/sorted_blocks.h"
#include "operator/routing/claimant_key.h"
#include "operator/routing/config_of_groups.h"
#include "operator/routing/external_names.h"
#include "operator/routing/host_owners.h"
#include "operator/routing/named_before.h"
#include "operator/routing/served_hosts.h"
#include "operator/routing/tls_secret.h"
#include "proxy/config/model.h"

namespace routing {

// What has come of one group of claimants, beside what is to be said of each. Of tens of thousands
// of groups most have one claimant: what is sorted and stays stands in vectors.
struct CompiledGroup {
  std::vector<ClaimantKey> members{};  // at least one, sorted
  proxy::config::ProxyConfig config{};
  HostOwners owners{};
  // Those that it names: whoever has read them reads them anew once they are not held.
  std::vector<std::shared_ptr<const TlsSecret>> secrets{};
  std::vector<NamedOutside> external_names{};   // of its Services, and outside; each once
  std::vector<std::string> served_hosts{};      // each once
  std::optional<base::WallTime> next_expiry{};  // of a certificate
};

// Which groups there are (ClaimantGroups), of whatever kinds their members may be, and what they
// are all together. Groups come and go; a change costs what they have. Not thread-safe.
class CompiledGroups {
 public:
  explicit CompiledGroups(bool hosts_may_be_shared) : owners_({}, hosts_may_be_shared) {}
  CompiledGroups(const CompiledGroups&) = delete;  // a copy would point to the keys of another one
  CompiledGroups& operator=(const CompiledGroups&) = delete;

  // Its members are of no other group.
  void add(CompiledGroup group);
  // Takes the group away that it is of, and returns it. Nothing: it is of none.
  std::optional<CompiledGroup> remove(const ClaimantKey& member);

  // The members of its group, until that is taken away. nullptr: it is of none.
  const std::vector<ClaimantKey>* find(const ClaimantKey& member) const;
  // The members of groups with a certificate that has expired since they were compiled.
  std::set<ClaimantKey> expired(base::WallTime now) const;

  const ConfigOfGroups& config() const { return config_; }
  ConfigOfGroups& config() { return config_; }
  const ServedHosts& served() const { return served_; }
  ServedHosts& served() { return served_; }
  const HostOwners& owners() const { return owners_; }
  std::set<NamedOutside> external_names() const;
  // Whether those are others than when this was last asked.
  bool take_external_names_changed() { return external_names_before_.end(external_name_users_); }

 private:
  using GroupId = std::uint64_t;

  // Which group a claimant is of.
  struct Membership {
    const ClaimantKey* key = nullptr;  // of the group's members
    GroupId group = 0;
  };
  struct ByMember {
    static const ClaimantKey& key(const Membership& one) { return *one.key; }
    static const ClaimantKey& key(const ClaimantKey& one) { return one; }
    template <class One, class Other>
    bool operator()(const One& one, const Other& other) const {
      return key(one) < key(other);
    }
  };

  GroupId last_id_ = 0;
  std::map<GroupId, CompiledGroup> groups_;
  base::SortedBlocks<Membership, ByMember> group_of_;
  std::set<std::pair<base::WallTime, GroupId>> expiries_;
  ConfigOfGroups config_;
  ServedHosts served_;
  HostOwners owners_;
  std::map<NamedOutside, std::size_t> external_name_users_;  // groups
  NamedBefore<NamedOutside> external_names_before_;
};

}  // namespace routing
