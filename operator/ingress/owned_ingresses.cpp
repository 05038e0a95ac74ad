#include "operator/ingress/owned_ingresses.h"

#include <algorithm>
#include <tuple>

namespace ingress {

ClassOwnership ownership_of(const ClusterView& view) {
  return ClassOwnership(view.classes, view.controller, view.legacy_class);
}

std::vector<std::shared_ptr<const kube::Ingress>> owned_by_age(const ClusterView& view) {
  const ClassOwnership ownership = ownership_of(view);
  std::vector<std::shared_ptr<const kube::Ingress>> owned;
  for (const auto& ingress : view.ingresses) {
    if (ownership.is_ours(*ingress)) owned.push_back(ingress);
  }
  std::sort(owned.begin(), owned.end(), [](const auto& a, const auto& b) {
    return std::tuple(a->metadata.creation_timestamp, a->metadata.key()) <
           std::tuple(b->metadata.creation_timestamp, b->metadata.key());
  });
  return owned;
}

}  // namespace ingress
