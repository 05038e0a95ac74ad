#include "operator/ingress/owned_ingresses.h"

#include <algorithm>
#include <tuple>

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

bool is_ending(const ClusterView& view, const kube::Ingress& ingress) {
  return is_ending(view.ending_namespaces, ingress);
}

std::vector<std::shared_ptr<const kube::Ingress>> owned_by_age(const ClusterView& view) {
  const ClassOwnership ownership = ownership_of(view);
  std::vector<std::shared_ptr<const kube::Ingress>> owned;
  for (const auto& ingress : view.ingresses) {
    if (ownership.is_ours(*ingress)) owned.push_back(ingress);
  }
  std::sort(owned.begin(), owned.end(), [&](const auto& a, const auto& b) {
    const bool ends_a = is_ending(view, *a);
    const bool ends_b = is_ending(view, *b);
    return std::tuple(ends_a, a->metadata.creation_timestamp, a->metadata.key()) <
           std::tuple(ends_b, b->metadata.creation_timestamp, b->metadata.key());
  });
  return owned;
}

}  // namespace ingress
