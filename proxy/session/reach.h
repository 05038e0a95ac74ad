#pragma once

#include <cstddef>
#include <memory>

#include "proxy/admin/counters.h"
#include "proxy/net/loop.h"
#include "proxy/upstream/cluster.h"

namespace proxy::session {

// How one worker gets to endpoints: to which of a cluster's a request goes, and whether one more
// connection may be opened. One worker's thread only.
//
// A cluster may hold a multiple of what it leaves free: whose endpoints answer nobody must not have
// all connections that there may be. One alone may have seven eighths of them, and one more is for
// who has none, as long as there is any.
class Reach {
 public:
  // All of it outlives this. `connections_max`: to endpoints, in all.
  Reach(net::Loop& loop, admin::WorkerCounters& counters, upstream::Clusters& clusters,
        std::size_t connections_max)
      : loop_(loop), counters_(counters), clusters_(clusters), connections_max_(connections_max) {}

  // A connection to an endpoint of this cluster may be opened; an idle one was closed for it, if
  // need be.
  bool may_connect(upstream::Cluster& cluster);
  // One that nobody waits for may be opened beside a request's own: for it none is closed.
  bool may_probe() const;
  // The cluster's choice for a request; nullptr: all were tried. A probe that is due begins beside
  // it; without room for it it stays due, and a later request begins it.
  std::shared_ptr<upstream::Endpoint> pick_endpoint(upstream::Cluster& cluster,
                                                    const upstream::Cluster::Past& past);

 private:
  bool has_share(const upstream::Cluster& cluster) const;

  net::Loop& loop_;
  admin::WorkerCounters& counters_;
  upstream::Clusters& clusters_;
  std::size_t connections_max_;
};

}  // namespace proxy::session
