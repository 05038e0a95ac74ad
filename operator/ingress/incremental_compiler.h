#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "operator/ingress/certificate_plan.h"
#include "operator/ingress/class_ownership.h"
#include "operator/ingress/cluster_changes.h"
#include "operator/ingress/compiler.h"
#include "operator/ingress/findings.h"
#include "operator/routing/challenge_table.h"
#include "operator/routing/claimant_groups.h"
#include "operator/routing/claimant_key.h"
#include "operator/routing/claimant_uses.h"
#include "operator/routing/compiled_groups.h"
#include "operator/routing/keys_by_hash.h"
#include "operator/routing/rank.h"

namespace ingress {

// compile() and plan_certificates() of the whole cluster, kept up to date by what changes: those
// Ingresses are compiled again, by the same two functions, that have to do with the change,
// together with all that have to do with them (routing::ClaimantGroups). What comes of a group
// concerns nobody else, so the parts make up the whole. compile() of everything is the
// specification, and says the same after every change.
//
// Not thread-safe. The source may go on changing while it is asked: what it says is then newer than
// the changes that were announced, and will be announced.
class IncrementalCompiler {
 public:
  // How much was done, to be counted in tests.
  struct Work {
    std::size_t groups = 0;
    std::size_t ingresses = 0;
    std::size_t hosts = 0;
  };

  explicit IncrementalCompiler(ReleaseSettings settings)
      : settings_(std::move(settings)),
        admission_(settings_.bounds),
        groups_(settings_.shares_hosts) {}

  // The first call compiles everything.
  Work update(const ClusterChanges& changes, const ClusterSource& source, base::WallTime now);

  // Two groups have claimed one place, which they never do: everything is compiled for each change.
  bool is_one_group() const { return is_one_group_; }

  // ---- What the last update() has made.

  // False: all is as it was before it.
  bool has_changed() const { return has_changed_; }
  bool have_owners_changed() const { return have_owners_changed_; }
  // An entry that stays equal keeps its address.
  const proxy::config::ProxyConfig& config() const { return groups_.config().all(); }
  const routing::HostOwners& owners() const { return groups_.owners(); }
  const Findings& findings() const { return findings_; }
  // As compile() and plan_certificates() say them, for who compares the two.
  std::vector<Summary> summaries() const;  // oldest first
  // That guards of Ingresses of ours name, whether or not they are there.
  std::set<kube::ObjectKey> auth_secrets() const { return uses_.auth_secrets(); }
  // That Ingresses of ours name for header fields, likewise.
  std::set<kube::ObjectKey> field_maps() const { return uses_.field_maps(); }
  // Of ExternalName Services that Ingresses of ours name, and of who is asked outside.
  std::set<routing::NamedOutside> external_names() const { return groups_.external_names(); }
  // Which of these three are others than before it.
  struct NamesChanged {
    bool auth_secrets = false;
    bool field_maps = false;
    bool external_names = false;
  };
  const NamesChanged& names_changed() const { return names_changed_; }
  routing::Complaints complaints() const;  // of compile(), as it sorts them
  CertificatePlan plan() const;

 private:
  using Members = routing::ClaimantGroups::Members;

  // Certificates that the plan of a group speaks of.
  struct Planned {
    std::vector<kube::ObjectKey> applied;
    std::vector<kube::ObjectKey> removed;
  };

  void begin_anew();
  void note_classes(const ClusterSource& source);
  void note_parameters(const ClusterSource& source);
  void note_arrivals();
  void note_service_of_classes(const kube::ObjectKey& service);
  void note_namespaces(const ClusterSource& source);
  void note_certificate(const kube::ObjectKey& key,
                        std::shared_ptr<const api::Certificate> certificate);
  void note_ingress(const routing::ClaimantKey& key, std::shared_ptr<const kube::Ingress> ingress);
  void note_time(base::WallTime now);
  void note_everything();

  routing::ClaimantGroups::Names names_of(const kube::Ingress& ingress) const;
  void file(const routing::ClaimantKey& key, const std::shared_ptr<const kube::Ingress>& ingress);
  void unfile(const routing::ClaimantKey& key);

  // Marks the groups of these Ingresses to be compiled again.
  void mark(const Members& ingresses);
  void mark(const routing::ClaimantKey& ingress);

  Work compile_marked(const ClusterSource& source);
  Work compile_all_marked(const ClusterSource& source);
  std::vector<Members> take_marked();
  Work compile_group(const Members& members, const ClusterSource& source);
  ClusterView view_of(const Members& members, const ClusterSource& source) const;
  void add_certificates(
      const kube::Ingress& ingress, const std::set<kube::ObjectKey>& secrets,
      std::map<kube::ObjectKey, std::shared_ptr<const api::Certificate>>& found) const;
  void add(routing::CompiledGroup group, Compiled compiled, CertificatePlan plan);
  void take_back(routing::CompiledGroup group);
  routing::Rank rank_of(const kube::Ingress& ingress) const;
  bool unnamed_has_changed();
  void answer_challenges();

  const ReleaseSettings settings_;
  bool has_begun_ = false;
  bool is_one_group_ = false;
  base::WallTime now_{};

  // The cluster, as far as it concerns Ingresses of ours.
  ClusterView::Objects<kube::IngressClass> classes_;
  ParametersByName parameters_;
  std::optional<ClassOwnership> ownership_;
  std::set<std::string> ending_namespaces_;
  std::map<routing::ClaimantKey, std::shared_ptr<const kube::Ingress>> owned_;
  routing::ClaimantUses uses_;  // with keys of owned_
  std::map<kube::ObjectKey, std::shared_ptr<const api::Certificate>> certificates_;
  // With keys of certificates_.
  routing::KeysByHash certificates_by_secret_;
  routing::KeysByHash certificates_by_controller_;  // uid
  routing::ChallengeTable challenges_;

  routing::Admission admission_;
  routing::ClaimantGroups names_;
  routing::CompiledGroups groups_;
  // By the first Ingress of a group; of a quiet cluster there are none.
  std::map<routing::ClaimantKey, Planned> planned_;
  Findings findings_;    // of all groups
  std::string unnamed_;  // ClusterView::unnamed_elsewhere of most groups

  // Of the last update, or the one under way.
  bool has_changed_ = false;
  Members marked_;  // with one Ingress all of its group
  // Of the groups that were taken away: so that what stays is not read again.
  std::vector<std::vector<std::shared_ptr<const routing::TlsSecret>>> secrets_before_;
  bool has_order_changed_ = false;
  bool is_all_marked_ = false;
  bool have_owners_changed_ = false;
  NamesChanged names_changed_;
  routing::HostOwners owners_before_;  // of what was taken away, and then of what was added
  routing::HostOwners owners_after_;
};

}  // namespace ingress
