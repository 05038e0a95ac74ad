#pragma once

#include <memory>
#include <vector>

#include "operator/ingress/cluster_view.h"

namespace ingress {

// The Ingresses of our classes, oldest first (creationTimestamp, then namespace/name): the order in
// which they have their say.
std::vector<std::shared_ptr<const kube::Ingress>> owned_by_age(const ClusterView& view);

ClassOwnership ownership_of(const ClusterView& view);

}  // namespace ingress
