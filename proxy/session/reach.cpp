#include "proxy/session/reach.h"

#include <algorithm>
#include <utility>

namespace proxy::session {
namespace {

// For each connection that it leaves free a cluster may have so many.
constexpr std::size_t kForEachFree = 7;

}  // namespace

bool Reach::may_connect(upstream::Cluster& cluster) {
  // At its own expense.
  if (!has_share(cluster)) return cluster.close_an_idle_connection();
  return counters_.upstream_connections_open.get() < connections_max_ ||
         clusters_.close_an_idle_connection();
}

// One more is this cluster's, for all that would be free then.
bool Reach::has_share(const upstream::Cluster& cluster) const {
  const std::size_t open = counters_.upstream_connections_open.get();
  const std::size_t left = connections_max_ - std::min(connections_max_, open + 1);
  if (kForEachFree * left >= connections_max_) return true;  // whatever it has
  const std::size_t has = cluster.connections_open();
  return has == 0 || has + 1 <= kForEachFree * left;
}

bool Reach::may_probe() const {
  return counters_.upstream_connections_open.get() + 1 < connections_max_;
}

std::shared_ptr<upstream::Endpoint> Reach::pick_endpoint(upstream::Cluster& cluster,
                                                         const upstream::Cluster::Past& past) {
  upstream::Cluster::Pick pick = cluster.pick(loop_.now(), past);
  if (pick.to_probe != nullptr && may_probe()) {
    upstream::Endpoint::begin_probe(pick.to_probe, loop_, cluster.config().connect_timeout);
  }
  return std::move(pick.endpoint);
}

}  // namespace proxy::session
