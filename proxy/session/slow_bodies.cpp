#include "proxy/session/slow_bodies.h"

#include <cassert>
#include <utility>

#include "proxy/policy/fair_queue.h"

namespace proxy::session {
namespace {

// `has`: places of the client, before this one; `left`: those that nobody would have after it.
bool may_have_another(std::size_t has, std::size_t left) {
  return has == 0 || has + 1 <= left;
}

}  // namespace

bool SlowBodies::Place::take(SlowBodies& bodies, std::uint64_t cluster,
                             std::string_view client_address) {
  assert(bodies_ == nullptr);
  const auto address = config::IpAddress::parse(client_address);
  // All that have none are one.
  const config::IpAddress client = address ? policy::subscriber_of(*address) : config::IpAddress();
  const auto known = bodies.clusters_.find(cluster);
  if (known != bodies.clusters_.end()) {
    const OfCluster& all = known->second;
    const auto of_client = all.of_client.find(client);
    const std::size_t has = of_client == all.of_client.end() ? 0 : of_client->second;
    const bool is_full = all.taken == kOfOneCluster;
    if (is_full || !may_have_another(has, kOfOneCluster - all.taken - 1)) return false;
  }
  OfCluster& of_cluster = bodies.clusters_[cluster];
  ++of_cluster.taken;
  ++of_cluster.of_client[client];
  bodies_ = &bodies;
  cluster_ = cluster;
  client_ = client;
  return true;
}

void SlowBodies::Place::give_back() {
  SlowBodies* const bodies = std::exchange(bodies_, nullptr);
  const auto of_cluster = bodies->clusters_.find(cluster_);
  const auto of_client = of_cluster->second.of_client.find(client_);
  if (--of_client->second == 0) of_cluster->second.of_client.erase(of_client);
  if (--of_cluster->second.taken == 0) bodies->clusters_.erase(of_cluster);
}

}  // namespace proxy::session
