#include "operator/ingress/owned_ingresses.h"

#include <algorithm>
#include <utility>

#include "operator/ingress/claims.h"

namespace ingress {

using routing::HostOwners;

ClassOwnership ownership_of(const ClusterView& view) {
  return ClassOwnership(view.classes, view.controller, view.class_names, view.parameters);
}

HostOwners owners_of(const ClusterView& view) {
  return HostOwners(host_claims_of(owned_by_age(view)), view.shares_hosts);
}

bool is_ending(const std::set<std::string>& ending_namespaces, const kube::Ingress& ingress) {
  return ingress.metadata.is_being_deleted ||
         ending_namespaces.count(ingress.metadata.namespace_) != 0;
}

routing::Rank rank_of(const std::set<std::string>& ending_namespaces,
                      const kube::Ingress& ingress) {
  return {is_ending(ending_namespaces, ingress), claimant_of(ingress)};
}

std::vector<std::shared_ptr<const kube::Ingress>> owned_by_age(const ClusterView& view) {
  const ClassOwnership ownership = ownership_of(view);
  std::vector<std::pair<routing::Rank, std::shared_ptr<const kube::Ingress>>> ranked;
  for (const auto& ingress : view.ingresses) {
    if (!ownership.is_ours(*ingress)) continue;
    ranked.emplace_back(rank_of(view.ending_namespaces, *ingress), ingress);
  }
  std::sort(ranked.begin(), ranked.end(),
            [](const auto& one, const auto& other) { return one.first < other.first; });
  std::vector<std::shared_ptr<const kube::Ingress>> owned;
  owned.reserve(ranked.size());
  for (auto& [rank, ingress] : ranked) owned.push_back(std::move(ingress));
  return owned;
}

}  // namespace ingress
