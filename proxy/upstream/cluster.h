#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/rare.h"
#include "proxy/config/model.h"
#include "proxy/router/route_table.h"
#include "proxy/upstream/balancer.h"
#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/endpoint_names.h"
#include "proxy/upstream/place_hash.h"

namespace proxy::upstream {

// One worker's state of one cluster. Requests hold it by reference; it outlives the configuration
// that named it until the last of them ends.
class Cluster {
 public:
  Cluster(std::shared_ptr<const config::Cluster> config, std::size_t start,
          std::uint64_t id_hash = 0)
      : config_(std::move(config)), id_hash_(id_hash), balancer_(start) {}

  const config::Cluster& config() const { return *config_; }
  // Of its id: the same in every worker, and for as long as the process lives.
  std::uint64_t id_hash() const { return id_hash_; }
  static std::uint64_t hash_of(std::string_view id) { return add_to_hash(kHashBasis, id); }
  // There is nobody for who is bound to nobody.
  bool is_empty() const { return endpoints_.empty(); }

  using Tried = std::vector<std::shared_ptr<Endpoint>>;
  // So many endpoints are asked for one request at most, whatever its route says. Each may take all
  // of the time to connect, and is looked for among all that were tried before: where none of so
  // many connects, hundreds of others would keep the request for an hour, and the worker for
  // seconds.
  static constexpr std::size_t kTriedMax = 32;
  // What became of this request so far.
  struct Past {
    const Tried& tried;               // endpoints that it could not connect to
    const Endpoint* stale = nullptr;  // the endpoint whose pooled connection was dead
    // The one that it is to get while that is well, however much the others have to do. Where its
    // pooled connection was dead, a fresh one is its own, too.
    std::shared_ptr<Endpoint> sticky = nullptr;
    // Of what it asks for, where that chooses, among those of all zones: else the next in turn.
    // Here, too, a dead pooled connection is followed by a fresh one.
    std::optional<std::uint64_t> hash = std::nullopt;
    // An endpoint that has as many requests as it may is none; else it is passed over while there
    // are others.
    bool keeps_limits = false;
  };
  struct Pick {
    std::shared_ptr<Endpoint> endpoint;  // nullptr: all were tried, or enough, or are full
    // An endpoint that was passed over because it did not connect, and is to be asked now whether
    // it is back: by Endpoint::begin_probe(), beside the request.
    std::shared_ptr<Endpoint> to_probe;
  };
  // Another endpoint that is well, in turn; first one of this proxy's zone, then one that is not
  // spared (Endpoint::is_spared()), where its turn is what chooses; else the stale one, which a
  // fresh connection may reach; else any that was not tried: where none is well, they are all
  // alike.
  Pick pick(base::SteadyTime now, const Past& past);
  static bool was_tried(const Tried& tried, const Endpoint& endpoint);
  // Whether there is another endpoint than these, and than `now`, and it may be tried.
  bool has_untried(const Tried& tried, const Endpoint* now) const;

  // A request failed that had reached the endpoint, or was answered with this status. One that
  // fails too often is ejected, while the others are at least as many: they have to do its work.
  void note_failure(Endpoint& endpoint, base::SteadyTime now);
  void note_answer(Endpoint& endpoint, int status, base::SteadyTime now) {
    if (status >= 500 && endpoint.fails_with(status)) {
      note_failure(endpoint, now);
    } else if (endpoint.has_failures()) {
      endpoint.note_success();
    }
  }

  // One request that is sent again though it had reached an endpoint, for as long as this lives.
  class [[nodiscard]] Retrying {
   public:
    Retrying() = default;
    explicit Retrying(std::shared_ptr<Cluster> cluster) : cluster_(std::move(cluster)) {
      ++cluster_->retrying_;
    }
    ~Retrying() { end(); }
    Retrying(Retrying&&) = default;
    Retrying& operator=(Retrying&& other) noexcept {
      end();
      cluster_ = std::move(other.cluster_);
      return *this;
    }
    explicit operator bool() const { return cluster_ != nullptr; }

   private:
    void end() {
      if (cluster_ != nullptr) --std::exchange(cluster_, nullptr)->retrying_;
    }
    std::shared_ptr<Cluster> cluster_;
  };
  // Where all endpoints fail, what is sent again makes it worse: only a share of the requests that
  // are under way may be.
  bool may_retry() const;

  // By their names in sticky cookies, those among them that are about to end. nullptr: no endpoint
  // has it.
  std::shared_ptr<Endpoint> find_named(std::string_view name) const;
  // Empty: it has none, or is about to end, which nobody is to be bound to.
  std::string_view name_of(const Endpoint& endpoint) const;
  // Likewise by Endpoint::place_number(). nullptr: it is not there.
  std::shared_ptr<Endpoint> find_place(std::uint32_t number) const;

  // Takes over a changed configuration: endpoints that stay keep their connections. `wire`: that of
  // those over TLS in this worker; nullptr: its own.
  void update(std::shared_ptr<const config::Cluster> config, const PoolOptions& options,
              admin::WorkerCounters& counters, std::shared_ptr<tls::Wire> wire = nullptr);
  void retire();
  // To its endpoints, and to those that were its own when they were opened.
  std::size_t connections_open() const { return *connections_open_; }
  bool close_an_idle_connection();

 private:
  template <class IsOut>
  std::shared_ptr<Endpoint> find(Balancer::Turn turn, std::optional<std::uint64_t> hash,
                                 const IsOut& is_out);

  using Endpoints = std::vector<std::shared_ptr<Endpoint>>;
  void note_zone(const std::string& zone);
  void update_names();

  std::shared_ptr<const config::Cluster> config_;
  std::uint64_t id_hash_;
  std::shared_ptr<tls::ClientContext> tls_;     // of config_; nullptr: plain
  Endpoints endpoints_;                         // beside config_->endpoints
  Endpoints leaving_;                           // beside config_->leaving
  std::shared_ptr<const PoolOptions> options_;  // of both
  const std::shared_ptr<std::size_t> connections_open_ = std::make_shared<std::size_t>(0);
  struct Names {
    EndpointNames staying, leaving;
  };
  base::Rare<Names> names_;  // likewise, where it has sticky cookies
  bool has_far_ = false;     // some of endpoints_ are
  Balancer balancer_;
  std::uint32_t retrying_ = 0;
};

// All clusters of one worker, beside RouteTable::clusters() of the snapshot that it serves. Made
// when a request first asks for one: of ten thousand, a worker needs those that its clients do.
class Clusters {
 public:
  Clusters(const PoolOptions& options, admin::WorkerCounters& counters, std::size_t start);

  // Closes all idle connections: they and their endpoints hold each other.
  ~Clusters() { adopt({}); }
  Clusters(const Clusters&) = delete;
  Clusters& operator=(const Clusters&) = delete;

  // Of a place of the table that was adopted last.
  const std::shared_ptr<Cluster>& at(std::uint32_t place) {
    Place& wanted = by_place_[place];
    return wanted.cluster != nullptr ? wanted.cluster : make(wanted);
  }
  // Serves the next table: clusters with the same id carry on, the others are retired. Costs what
  // the two do not share.
  void adopt(const router::ClusterReferences& references);
  // Where descriptors are short. False: none is idle.
  bool close_an_idle_connection();

 private:
  struct Place {
    std::shared_ptr<const config::Cluster> config;  // nullptr: it is free
    std::shared_ptr<Cluster> cluster;               // nullptr: nobody has asked for it yet
    std::uint64_t id_hash = 0;
  };
  const std::shared_ptr<Cluster>& make(Place& place);

  PoolOptions options_;
  admin::WorkerCounters& counters_;
  std::size_t start_;
  std::shared_ptr<tls::Wire> wire_;
  router::ClusterReferences adopted_;
  std::vector<Place> by_place_;
};

}  // namespace proxy::upstream
