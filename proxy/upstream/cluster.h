#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "proxy/config/model.h"
#include "proxy/router/route_table.h"
#include "proxy/upstream/balancer.h"
#include "proxy/upstream/endpoint.h"

namespace proxy::upstream {

// One worker's state of one cluster. Requests hold it by reference; it outlives the configuration
// that named it until the last of them ends.
class Cluster {
 public:
  Cluster(std::shared_ptr<const config::Cluster> config, std::size_t start)
      : config_(std::move(config)), balancer_(start) {}

  const config::Cluster& config() const { return *config_; }
  bool is_empty() const { return endpoints_.empty(); }

  using Tried = std::vector<std::shared_ptr<Endpoint>>;
  // An endpoint that is not in `tried`; nullptr when there is none.
  std::shared_ptr<Endpoint> pick(const Tried& tried);
  bool has_untried(const Tried& tried) const;

  // Takes over a changed configuration: endpoints that stay keep their connections.
  void update(std::shared_ptr<const config::Cluster> config, const PoolOptions& options,
              admin::WorkerCounters& counters);
  void retire();

 private:
  std::shared_ptr<const config::Cluster> config_;
  std::vector<std::shared_ptr<Endpoint>> endpoints_;  // beside config_->endpoints
  Balancer balancer_;
};

// All clusters of one worker, beside RouteTable::clusters() of the snapshot that it serves.
class Clusters {
 public:
  Clusters(const PoolOptions& options, admin::WorkerCounters& counters, std::size_t start)
      : options_(options), counters_(counters), start_(start) {}

  // Closes all idle connections: they and their endpoints hold each other.
  ~Clusters() { adopt({}); }
  Clusters(const Clusters&) = delete;
  Clusters& operator=(const Clusters&) = delete;

  const std::shared_ptr<Cluster>& at(std::uint32_t index) const { return by_index_[index]; }
  // Serves the next table: clusters with the same id carry on, the others are retired.
  void adopt(const std::vector<router::ClusterReference>& references);

 private:
  PoolOptions options_;
  admin::WorkerCounters& counters_;
  std::size_t start_;
  std::vector<std::shared_ptr<Cluster>> by_index_;
  std::unordered_map<std::string, std::shared_ptr<Cluster>> by_id_;
};

}  // namespace proxy::upstream
