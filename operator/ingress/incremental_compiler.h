#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
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
#include "operator/routing/compile_rounds.h"
#include "operator/routing/external_names.h"
#include "operator/routing/host_owners.h"
#include "operator/routing/keys_by_hash.h"
#include "operator/routing/rank.h"

namespace ingress {

// compile() and plan_certificates() of the whole cluster, kept up to date by what changes: those
// Ingresses are compiled again, by the same two functions, that have to do with the change, in
// groups (routing::CompileRounds). Says which Ingresses a change concerns, what they have in common
// and what a group of them is to be told. compile() of everything is the specification, and says
// the same after every change.
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

  explicit IncrementalCompiler(ReleaseSettings settings);

  // The first call compiles everything.
  Work update(const ClusterChanges& changes, const ClusterSource& source, base::WallTime now);

  // See CompileRounds.
  bool is_one_group() const { return rounds_.is_one_group(); }

  // ---- What the last update() has made.

  // False: all is as it was before it.
  bool has_changed() const { return rounds_.has_changed(); }
  bool have_owners_changed() const { return rounds_.have_owners_changed(); }
  // An entry that stays equal keeps its address.
  const proxy::config::ProxyConfig& config() const { return rounds_.groups().config().all(); }
  const routing::HostOwners& owners() const { return rounds_.groups().owners(); }
  const Findings& findings() const { return findings_; }
  // As compile() and plan_certificates() say them, for who compares the two.
  std::vector<Summary> summaries() const;  // oldest first
  // That guards of Ingresses of ours name, whether or not they are there.
  std::set<kube::ObjectKey> auth_secrets() const { return rounds_.uses().auth_secrets(); }
  // That Ingresses of ours name for header fields, likewise.
  std::set<kube::ObjectKey> field_maps() const { return rounds_.uses().field_maps(); }
  // Of ExternalName Services that Ingresses of ours name, and of who is asked outside.
  std::set<routing::NamedOutside> external_names() const {
    return rounds_.groups().external_names();
  }
  // Which of these three are others than before it.
  const routing::CompileRounds::NamesChanged& names_changed() const {
    return rounds_.names_changed();
  }
  routing::Complaints complaints() const;  // of compile(), as it sorts them
  CertificatePlan plan() const;

 private:
  using Members = routing::ClaimantGroups::Members;
  class OfIngresses;  // compiles groups for the rounds

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

  routing::ClaimantGroups::Names names_of(const kube::Ingress& ingress) const;
  void file(const routing::ClaimantKey& key, const std::shared_ptr<const kube::Ingress>& ingress);
  void unfile(const routing::ClaimantKey& key);

  routing::GroupCompiler::Made compile_group(const Members& members, const ClusterSource& source);
  ClusterView view_of(const Members& members, const ClusterSource& source) const;
  void add_certificates(
      const kube::Ingress& ingress, const std::set<kube::ObjectKey>& secrets,
      std::map<kube::ObjectKey, std::shared_ptr<const api::Certificate>>& found) const;
  void add(std::vector<Summary> summaries, routing::Complaints complaints, CertificatePlan plan,
           const routing::ClaimantKey& first);
  void take_back(const std::vector<routing::ClaimantKey>& members);
  routing::Rank rank_of(const kube::Ingress& ingress) const;
  void answer_challenges();

  const ReleaseSettings settings_;
  bool has_begun_ = false;

  // The cluster, as far as it concerns Ingresses of ours.
  ClusterView::Objects<kube::IngressClass> classes_;
  ParametersByName parameters_;
  std::optional<ClassOwnership> ownership_;
  std::set<std::string> ending_namespaces_;
  std::map<routing::ClaimantKey, std::shared_ptr<const kube::Ingress>> owned_;
  std::map<kube::ObjectKey, std::shared_ptr<const api::Certificate>> certificates_;
  // With keys of certificates_.
  routing::KeysByHash certificates_by_secret_;
  routing::KeysByHash certificates_by_controller_;  // uid
  routing::ChallengeTable challenges_;

  routing::CompileRounds rounds_;
  // By the first Ingress of a group; of a quiet cluster there are none.
  std::map<routing::ClaimantKey, Planned> planned_;
  Findings findings_;               // of all groups
  bool has_order_changed_ = false;  // in the last update, or the one under way
};

}  // namespace ingress
