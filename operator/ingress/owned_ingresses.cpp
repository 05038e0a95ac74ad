#include "operator/ingress/owned_ingresses.h"

#include <algorithm>

#include "operator/ingress/claims.h"

namespace ingress {

using routing::HostOwners;

ClassOwnership ownership_of(const ClusterView& view) {
  if (view.ownership) return *view.ownership;
  return ClassOwnership(view.classes, view.controller, view.class_names, view.parameters);
}

HostOwners owners_of(const ClusterView& view) {
  return HostOwners(host_claims_of(owned_by_age(view, ownership_of(view))), view.shares_hosts);
}

routing::Claimant claimant_of(const kube::Ingress& ingress) {
  const kube::ObjectMeta& metadata = ingress.metadata;
  return {kIngressKind, metadata.key(), metadata.uid, metadata.creation_timestamp};
}

bool is_ending(const std::set<std::string>& ending_namespaces, const kube::Ingress& ingress) {
  return ingress.metadata.is_being_deleted ||
         ending_namespaces.count(ingress.metadata.namespace_) != 0;
}

routing::Rank rank_of(const std::set<std::string>& ending_namespaces,
                      const kube::Ingress& ingress) {
  return {is_ending(ending_namespaces, ingress), claimant_of(ingress)};
}

std::vector<OwnedIngress> owned_by_age(const ClusterView& view, const ClassOwnership& ownership) {
  std::vector<OwnedIngress> owned;
  for (const auto& ingress : view.ingresses) {
    if (!ownership.is_ours(*ingress)) continue;
    owned.push_back({ingress, rank_of(view.ending_namespaces, *ingress)});
  }
  std::sort(owned.begin(), owned.end(), [](const OwnedIngress& one, const OwnedIngress& other) {
    return one.rank < other.rank;
  });
  return owned;
}

}  // namespace ingress
