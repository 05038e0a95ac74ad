#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "operator/ingress/cluster_view.h"
#include "operator/routing/host_owners.h"
#include "operator/routing/rank.h"

namespace ingress {

// Whether it is being deleted, or its namespace is: its Pods go first, and it yields its places to
// whoever stays.
bool is_ending(const std::set<std::string>& ending_namespaces, const kube::Ingress& ingress);

routing::Rank rank_of(const std::set<std::string>& ending_namespaces, const kube::Ingress& ingress);

// The Ingresses of our classes in the order in which they have their say.
std::vector<std::shared_ptr<const kube::Ingress>> owned_by_age(const ClusterView& view);

routing::HostOwners owners_of(const ClusterView& view);

ClassOwnership ownership_of(const ClusterView& view);

}  // namespace ingress
