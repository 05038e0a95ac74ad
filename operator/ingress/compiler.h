#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "operator/ingress/cluster_view.h"
#include "operator/ingress/summary.h"
#include "operator/routing/claimant_key.h"
#include "operator/routing/complaint.h"
#include "operator/routing/host_owners.h"
#include "operator/routing/load.h"
#include "operator/routing/rank.h"
#include "proxy/config/model.h"

namespace ingress {

struct Compiled {
  proxy::config::ProxyConfig config;
  // Of those that are no more than one Ingress may be, oldest first.
  std::vector<std::pair<routing::Rank, routing::Load>> loads;
  routing::Complaints complaints;  // sorted, unique
  std::vector<Summary> summaries;  // of every Ingress of ours, oldest first
  routing::HostOwners owners;
  std::set<std::string> served_hosts;  // of rules and aliases, as far as their namespaces own them
};

// What the cluster asks the proxies to do. A pure function, so every operator replica that sees the
// same cluster says the same. Bad input adds a complaint and closes what it concerns; it never
// harms another Ingress and never opens anything. A host belongs to one namespace (HostOwners); of
// two Ingresses that want the same place on it the older one has it (creationTimestamp, then
// namespace/name).
Compiled compile(const ClusterView& view);

// The Ingresses of which nothing is served because there is no room for them.
std::set<routing::ClaimantKey> without_room(const Compiled& compiled);

}  // namespace ingress
