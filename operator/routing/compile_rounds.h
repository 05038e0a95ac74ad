#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "kube/object.h"
#include "operator/routing/admission.h"
#include "operator/routing/claimant_groups.h"
#include "operator/routing/claimant_key.h"
#include "operator/routing/claimant_uses.h"
#include "operator/routing/compiled_groups.h"
#include "operator/routing/host_owners.h"
#include "operator/routing/load.h"
#include "operator/routing/rank.h"
#include "operator/routing/tls_secret.h"
#include "proxy/config/model.h"

namespace routing {

// Makes of claimants that have to do with each other what they ask for. Who reads objects of a kind
// is one, to CompileRounds.
class GroupCompiler {
 public:
  using Members = ClaimantGroups::Members;

  struct Made {
    CompiledGroup group{};  // but for its members and when it expires
    // Of those members that are no more than one claimant may be.
    std::vector<std::pair<Rank, Load>> loads{};
  };

  virtual ~GroupCompiler() = default;
  // members: all of a group, whom the rounds know.
  virtual Made compile(const Members& members) = 0;
  // What was made of these, a group, counts no longer.
  virtual void take_back(const std::vector<ClaimantKey>& members) = 0;
};

// Keeps what claimants make up together up to date by what changes: those are compiled again that
// have to do with the change, together with all that have to do with them (ClaimantGroups), and
// those for whom it makes a difference what has come of others: who have room now or no longer, who
// ask about a host that is served now. What comes of a group concerns nobody else, so the parts
// make up the whole. Claimants may be of any kind. A change costs what has to do with it. Not
// thread-safe.
class CompileRounds {
 public:
  using Members = ClaimantGroups::Members;

  // How much was done, to be counted in tests.
  struct Work {
    std::size_t groups = 0;
    std::size_t claimants = 0;
    std::size_t hosts = 0;
    Work& operator+=(const Work& more);
  };

  // Which names are others than before the last run().
  struct NamesChanged {
    bool auth_secrets = false;
    bool field_maps = false;
    bool external_names = false;
  };

  CompileRounds(const LoadBounds& bounds, bool hosts_may_be_shared);

  // ---- What has changed: after begin(), and before run().

  void begin(base::WallTime now);
  // Forgets who has room. Claimants stay known until they are erased, and what was made of them
  // until run(): entries keep their addresses.
  void begin_anew();

  // A claimant that is not known. asked_hosts: see ServedHosts.
  void put(const ClaimantKey& claimant, const ClaimantGroups::Names& names, const Uses& uses,
           const std::set<std::string>& asked_hosts);
  // One that is known; uses and asked_hosts as they were put.
  void erase(const ClaimantKey& claimant, const Uses& uses,
             const std::set<std::string>& asked_hosts);

  // They are compiled again, with their groups.
  void mark(const Members& claimants);
  void mark(const ClaimantKey& claimant);
  void mark_all();

  // Something that claimants name has changed, or what it has.
  void note_service(const kube::ObjectKey& service) { mark(uses_.of_service(service)); }
  // Or a Certificate for it.
  void note_tls_secret(const kube::ObjectKey& secret) { mark(uses_.of_tls_secret(secret)); }
  void note_auth_secret(const kube::ObjectKey& secret) { mark(uses_.of_auth_secret(secret)); }
  void note_field_map(const kube::ObjectKey& map) { mark(uses_.of_field_map(map)); }
  void note_outside(const std::string& name) { mark(uses_.of_outside(name)); }

  // What is of no claimant, which may be put after run(), too.
  void put_arrivals(proxy::config::ProxyConfig::Section<proxy::config::Arrivals> arrivals);
  void put_challenges(
      proxy::config::ProxyConfig::Section<proxy::config::ChallengeAnswer> challenges);

  Work run(GroupCompiler& compiler);

  // ---- What a group is to be told while it is compiled.

  base::WallTime now() const { return now_; }
  // Nothing: there is room for it, as far as is known.
  std::optional<NoRoom> no_room(const ClaimantKey& claimant) const {
    return admission_.find(claimant);
  }
  // Resources::unnamed_elsewhere of most groups.
  const std::string& unnamed() const { return unnamed_; }
  bool is_served(const std::string& asked_host) const {
    return groups_.served().is_told(asked_host);
  }

  // ---- What there is.

  // False: all is as it was before the last begin().
  bool has_changed() const { return has_changed_; }
  bool have_owners_changed() const { return have_owners_changed_; }
  const NamesChanged& names_changed() const { return names_changed_; }
  // Two groups have claimed one place, which they never do: everything is compiled for each change.
  bool is_one_group() const { return is_one_group_; }
  const ClaimantUses& uses() const { return uses_; }
  const CompiledGroups& groups() const { return groups_; }

 private:
  Work compile_marked(GroupCompiler& compiler);
  Work compile_all_marked(GroupCompiler& compiler);
  std::vector<Members> take_marked(GroupCompiler& compiler);
  void take_back(CompiledGroup group, GroupCompiler& compiler);
  Work compile_group(const Members& members, GroupCompiler& compiler);
  void admit(const Members& members, const std::vector<std::pair<Rank, Load>>& loads);
  void mark_by_replaced_certificates();
  bool unnamed_has_changed();

  base::WallTime now_{};
  bool is_one_group_ = false;
  Admission admission_;
  ClaimantGroups names_;
  ClaimantUses uses_;  // with keys of names_
  CompiledGroups groups_;
  std::string unnamed_;

  // Of the last run, or the one under way.
  bool has_changed_ = false;
  Members marked_;  // with one claimant all of its group
  bool is_all_marked_ = false;
  // Of the groups that were taken away: so that what stays is not read again.
  std::vector<std::vector<std::shared_ptr<const TlsSecret>>> secrets_before_;
  bool have_owners_changed_ = false;
  NamesChanged names_changed_;
  HostOwners owners_before_;  // of what was taken away, and then of what was added
  HostOwners owners_after_;
};

}  // namespace routing
