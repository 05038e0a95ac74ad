#include "proxy/upstream/cluster.h"

#include <algorithm>
#include <utility>

namespace proxy::upstream {
namespace {

bool contains(const Cluster::Tried& tried, const std::shared_ptr<Endpoint>& endpoint) {
  return std::find(tried.begin(), tried.end(), endpoint) != tried.end();
}

}  // namespace

std::shared_ptr<Endpoint> Cluster::pick(const Tried& tried) {
  const auto load_of = [&](std::size_t i) {
    if (!tried.empty() && contains(tried, endpoints_[i])) return Balancer::kExcluded;
    return endpoints_[i]->requests_active();
  };
  const auto picked = balancer_.pick(config_->balancing, endpoints_.size(), load_of);
  return picked ? endpoints_[*picked] : nullptr;
}

bool Cluster::has_untried(const Tried& tried) const {
  return std::any_of(endpoints_.begin(), endpoints_.end(),
                     [&](const auto& endpoint) { return !contains(tried, endpoint); });
}

void Cluster::update(std::shared_ptr<const config::Cluster> config, const PoolOptions& options,
                     admin::WorkerCounters& counters) {
  if (config == config_ && endpoints_.size() == config->endpoints.size()) return;
  // Both lists are sorted by endpoint, so one pass matches them.
  const std::shared_ptr<const config::Cluster> old_config =
      std::exchange(config_, std::move(config));
  auto old_endpoints = std::exchange(endpoints_, {});
  std::size_t old = 0;
  for (const config::Endpoint& wanted : config_->endpoints) {
    while (old < old_endpoints.size() && old_config->endpoints[old] < wanted) {
      old_endpoints[old++]->retire();
    }
    if (old < old_endpoints.size() && old_config->endpoints[old] == wanted) {
      endpoints_.push_back(std::move(old_endpoints[old++]));
      continue;
    }
    // The configuration was validated: every address is a literal.
    const auto address = net::SocketAddress::from_ip(wanted.address, wanted.port);
    endpoints_.push_back(std::make_shared<Endpoint>(address.value(), options, counters));
  }
  while (old < old_endpoints.size()) old_endpoints[old++]->retire();
}

void Cluster::retire() {
  for (const auto& endpoint : endpoints_) endpoint->retire();
}

void Clusters::adopt(const std::vector<router::ClusterReference>& references) {
  std::unordered_map<std::string, std::shared_ptr<Cluster>> next;
  next.reserve(references.size());
  by_index_.clear();
  by_index_.reserve(references.size());
  for (const router::ClusterReference& reference : references) {
    std::shared_ptr<Cluster> cluster;
    if (const auto found = by_id_.find(reference.id); found != by_id_.end()) {
      cluster = std::move(found->second);
      by_id_.erase(found);
    } else {
      cluster = std::make_shared<Cluster>(std::make_shared<config::Cluster>(), start_);
    }
    cluster->update(reference.cluster, options_, counters_);
    by_index_.push_back(cluster);
    next.emplace(reference.id, std::move(cluster));
  }
  for (auto& [id, cluster] : by_id_) cluster->retire();
  by_id_ = std::move(next);
}

}  // namespace proxy::upstream
