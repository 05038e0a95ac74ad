#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "kube/resources/ingress.h"
#include "operator/ingress/class_ownership.h"
#include "operator/ingress/cluster_view.h"
#include "operator/routing/claimant.h"
#include "operator/routing/claimant_key.h"
#include "operator/routing/host_owners.h"
#include "operator/routing/rank.h"

namespace ingress {

inline constexpr routing::ClaimantKind kIngressKind = "Ingress";

inline routing::ClaimantKey claimant_key_of(const kube::Ingress& ingress) {
  return {kIngressKind, ingress.metadata.key()};
}

// Who an Ingress is to those that arbitrate. Of one compilation each Ingress has one, which its
// rank holds: copies of that cost nothing.
routing::Claimant claimant_of(const kube::Ingress& ingress);

// Whether it is being deleted, or its namespace is: its Pods go first, and it yields its places to
// whoever stays.
bool is_ending(const std::set<std::string>& ending_namespaces, const kube::Ingress& ingress);

routing::Rank rank_of(const std::set<std::string>& ending_namespaces, const kube::Ingress& ingress);

// An Ingress of our classes, and when it has its say.
struct OwnedIngress {
  std::shared_ptr<const kube::Ingress> ingress;
  routing::Rank rank;
};

// In the order in which they have their say. ownership: of the same view.
std::vector<OwnedIngress> owned_by_age(const ClusterView& view, const ClassOwnership& ownership);

routing::HostOwners owners_of(const ClusterView& view);

ClassOwnership ownership_of(const ClusterView& view);

}  // namespace ingress
