#include "proxy/session/reach.h"

#include <utility>

namespace proxy::session {

bool Reach::may_connect() {
  return counters_.upstream_connections_open.get() < connections_max_ ||
         clusters_.close_an_idle_connection();
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
