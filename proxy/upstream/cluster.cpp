#include "proxy/upstream/cluster.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "proxy/tls/wire.h"
#include "proxy/upstream/place_hash.h"

namespace proxy::upstream {
namespace {

// Of the requests under way, and how many however few those are: the defaults of Envoy's budget.
constexpr std::uint32_t kRetriesOf = 5;  // one in so many
constexpr std::uint32_t kRetriesMin = 3;

using Endpoints = std::vector<std::shared_ptr<Endpoint>>;
using ConfiguredEndpoints = std::vector<config::Endpoint>;

// Endpoints that a cluster had, each of which one that it is to have may take over: they keep their
// connections when they begin to leave, too. The others are retired.
class Known {
 public:
  Known(const config::Cluster& config, Endpoints endpoints, Endpoints leaving) {
    add(config.endpoints, std::move(endpoints));
    add(config.leaving, std::move(leaving));
    std::sort(all_.begin(), all_.end(),
              [](const One& a, const One& b) { return *a.place < *b.place; });
  }

  // nullptr: it was not there.
  std::shared_ptr<Endpoint> take(const config::Endpoint& wanted) {
    const auto at = std::lower_bound(
        all_.begin(), all_.end(), wanted,
        [](const One& one, const config::Endpoint& place) { return *one.place < place; });
    return at != all_.end() && *at->place == wanted ? std::move(at->endpoint) : nullptr;
  }
  void retire_others() {
    for (const One& one : all_) {
      if (one.endpoint != nullptr) one.endpoint->retire();
    }
    all_.clear();
  }

 private:
  struct One {
    const config::Endpoint* place;  // of the configuration
    std::shared_ptr<Endpoint> endpoint;
  };
  void add(const ConfiguredEndpoints& places, Endpoints endpoints) {
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
      all_.push_back({&places[i], std::move(endpoints[i])});
    }
  }
  std::vector<One> all_;
};

}  // namespace

bool Cluster::was_tried(const Tried& tried, const Endpoint& endpoint) {
  return std::any_of(tried.begin(), tried.end(),
                     [&](const auto& one) { return one.get() == &endpoint; });
}

template <class IsOut>
std::shared_ptr<Endpoint> Cluster::find(Balancer::Turn turn, std::optional<std::uint64_t> hash,
                                        const IsOut& is_out) {
  if (hash) {
    const auto picked = pick_by_hash(
        *hash, endpoints_.size(), [&](std::size_t i) { return endpoints_[i]->place_hash(); },
        [&](std::size_t i) { return is_out(endpoints_[i]); });
    return picked ? endpoints_[*picked] : nullptr;
  }
  const auto load_of = [&](std::size_t i) {
    return is_out(endpoints_[i]) ? Balancer::kExcluded : endpoints_[i]->requests_active();
  };
  const auto picked = balancer_.pick(config_->balancing, turn, endpoints_.size(), load_of);
  return picked ? endpoints_[*picked] : nullptr;
}

Cluster::Pick Cluster::pick(base::SteadyTime now, const Past& past) {
  using Candidate = std::shared_ptr<Endpoint>;
  if (past.tried.size() >= kTriedMax) return {};
  const bool is_retry = !past.tried.empty() || past.stale != nullptr;
  const auto turn = is_retry ? Balancer::Turn::stays : Balancer::Turn::moves;
  const auto is_tried = [&](const Candidate& endpoint) {
    return !past.tried.empty() && was_tried(past.tried, *endpoint);
  };
  Pick pick;
  const auto is_full = [&](const Candidate& endpoint) {
    return past.keeps_limits && endpoint->is_full();
  };
  const bool is_well = past.sticky != nullptr && !past.sticky->is_retired() &&
                       !past.sticky->is_marked() && !is_full(past.sticky);
  if (is_well && !is_tried(past.sticky)) {
    pick.endpoint = past.sticky;
    return pick;
  }
  const Endpoint* const stale = past.hash ? nullptr : past.stale;
  const auto is_out = [&](const Candidate& endpoint) {
    if (endpoint->wants_probe(now)) pick.to_probe = endpoint;
    return endpoint->is_marked() || endpoint.get() == stale || endpoint->is_full() ||
           is_tried(endpoint);
  };
  bool are_spared = false;
  // Each endpoint is asked once whether it is spared: that counts its turns.
  const auto find_unspared = [&](bool is_far) {
    return find(turn, past.hash, [&](const Candidate& endpoint) {
      if (is_out(endpoint)) return true;
      // Where it is the request that chooses, it comes back to its endpoint.
      if (past.hash) return false;
      if (endpoint->is_far() != is_far) return true;
      const bool is_spared = endpoint->is_spared(now);
      are_spared = are_spared || is_spared;
      return is_spared;
    });
  };
  pick.endpoint = find_unspared(false);
  if (pick.endpoint == nullptr && has_far_ && !past.hash) pick.endpoint = find_unspared(true);
  if (pick.endpoint == nullptr && are_spared) pick.endpoint = find(turn, past.hash, is_out);
  if (pick.endpoint == nullptr && stale != nullptr) {
    pick.endpoint = find(turn, past.hash, [&](const Candidate& endpoint) {
      return endpoint->is_marked() || endpoint->is_full() || is_tried(endpoint);
    });
  }
  if (pick.endpoint == nullptr) {
    pick.endpoint = find(turn, past.hash, [&](const Candidate& endpoint) {
      return is_full(endpoint) || is_tried(endpoint);
    });
    pick.to_probe.reset();  // the request itself asks
  }
  return pick;
}

void Cluster::note_failure(Endpoint& endpoint, base::SteadyTime now) {
  if (!endpoint.note_failure() || endpoint.is_ejected(now)) return;
  const auto out = std::count_if(endpoints_.begin(), endpoints_.end(), [&](const auto& one) {
    return one->is_marked() || one->is_ejected(now);
  });
  if (2 * (static_cast<std::size_t>(out) + 1) <= endpoints_.size()) endpoint.eject(now);
}

bool Cluster::may_retry() const {
  std::uint32_t under_way = 0;
  for (const auto& endpoint : endpoints_) under_way += endpoint->requests_active();
  for (const auto& endpoint : leaving_) under_way += endpoint->requests_active();
  return retrying_ < std::max(kRetriesMin, under_way / kRetriesOf);
}

std::shared_ptr<Endpoint> Cluster::find_named(std::string_view name) const {
  if (!names_) return nullptr;
  if (const auto at = names_->staying.find(name)) return endpoints_[*at];
  const auto at = names_->leaving.find(name);
  return at ? leaving_[*at] : nullptr;
}

std::shared_ptr<Endpoint> Cluster::find_place(std::uint32_t number) const {
  for (const Endpoints* const list : {&endpoints_, &leaving_}) {
    const auto at = std::find_if(list->begin(), list->end(),
                                 [&](const auto& one) { return one->place_number() == number; });
    if (at != list->end()) return *at;
  }
  return nullptr;
}

std::string_view Cluster::name_of(const Endpoint& endpoint) const {
  if (!names_) return {};
  const auto at = std::find_if(endpoints_.begin(), endpoints_.end(),
                               [&](const auto& one) { return one.get() == &endpoint; });
  return names_->staying.at(static_cast<std::size_t>(at - endpoints_.begin()));
}

bool Cluster::has_untried(const Tried& tried, const Endpoint* now) const {
  const bool is_noted = now == nullptr || was_tried(tried, *now);
  if (tried.size() + (is_noted ? 0 : 1) >= kTriedMax) return false;
  return std::any_of(endpoints_.begin(), endpoints_.end(), [&](const auto& endpoint) {
    return endpoint.get() != now && !was_tried(tried, *endpoint);
  });
}

void Cluster::update(std::shared_ptr<const config::Cluster> config, const PoolOptions& options,
                     admin::WorkerCounters& counters, std::shared_ptr<tls::Wire> wire) {
  if (config == config_ && endpoints_.size() == config->endpoints.size()) return;
  const std::shared_ptr<const config::Cluster> old_config =
      std::exchange(config_, std::move(config));
  const bool joins_others = !endpoints_.empty();
  Known known(*old_config, std::exchange(endpoints_, {}), std::exchange(leaving_, {}));
  // A connection that was made under other rules is not one to reuse, nor is its session.
  if (old_config->tls != config_->tls || old_config->trusts_system != config_->trusts_system ||
      old_config->tls13_only != config_->tls13_only ||
      old_config->speaks_http2 != config_->speaks_http2 ||
      old_config->proxy_protocol != config_->proxy_protocol) {
    known.retire_others();
    tls_ = nullptr;
  }
  if (config_->tls && tls_ == nullptr) {
    tls_ = std::make_shared<tls::ClientContext>(
        std::shared_ptr<const config::BackendTls>(config_, &*config_->tls), config_->speaks_http2,
        config_->trusts_system, config_->tls13_only, std::move(wire));
  }
  options_ = config_->endpoint_rules
                 ? std::make_shared<const PoolOptions>(options.with(*config_->endpoint_rules))
                 : unowned(options);
  const auto make_ready = [&](const ConfiguredEndpoints& wanted, Endpoints& endpoints) {
    for (const config::Endpoint& place : wanted) {
      endpoints.push_back(known.take(place));
      if (endpoints.back() != nullptr) {
        endpoints.back()->use(options_);
        continue;
      }
      // The configuration was validated: every address is a literal.
      const auto address = net::SocketAddress::from_ip(place.address, place.port);
      endpoints.back() = std::make_shared<Endpoint>(address.value(), options_, counters, tls_,
                                                    config_->speaks_http2, config_->proxy_protocol);
      endpoints.back()->count_for(connections_open_);
      if (joins_others) endpoints.back()->begin_slowly();
    }
  };
  make_ready(config_->endpoints, endpoints_);
  make_ready(config_->leaving, leaving_);
  known.retire_others();
  update_names();
  note_zone(options.zone);
}

void Cluster::update_names() {
  const std::string& key = config_->affinity_key;
  if (key.empty()) {
    names_.reset();
    return;
  }
  const EndpointNames before = names_ ? names_->staying : EndpointNames();
  names_ = Names{EndpointNames(key, config_->endpoints, before),
                 EndpointNames(key, config_->leaving, before)};
}

// Both lists of endpoints are sorted.
void Cluster::note_zone(const std::string& zone) {
  const auto mine =
      std::find_if(config_->zones.begin(), config_->zones.end(),
                   [&](const config::ZoneEndpoints& one) { return one.zone == zone; });
  const bool has_zone = !zone.empty() && mine != config_->zones.end();
  const auto is_near = [&](const config::Endpoint& endpoint) {
    return !has_zone ||
           std::binary_search(mine->endpoints.begin(), mine->endpoints.end(), endpoint);
  };
  has_far_ = false;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    endpoints_[i]->note_far(!is_near(config_->endpoints[i]));
    has_far_ = has_far_ || endpoints_[i]->is_far();
  }
}

void Cluster::retire() {
  for (const auto& endpoint : endpoints_) endpoint->retire();
  for (const auto& endpoint : leaving_) endpoint->retire();
}

Clusters::Clusters(const PoolOptions& options, admin::WorkerCounters& counters, std::size_t start)
    : options_(options), counters_(counters), start_(start), wire_(std::make_shared<tls::Wire>()) {}

void Clusters::adopt(const router::ClusterReferences& references) {
  using Reference = router::ClusterReference;
  // First who leaves: another may have come to his place.
  std::map<std::string, std::shared_ptr<Cluster>> moved;
  router::ClusterReferences::visit_differences(
      adopted_, references,
      [&](const std::string& id, const Reference* before, const Reference* after) {
        if (before == nullptr || (after != nullptr && after->place == before->place)) return;
        const auto cluster = std::exchange(by_place_.at(before->place), {}).cluster;
        if (cluster == nullptr) return;
        if (after == nullptr) {
          cluster->retire();
        } else {
          moved.emplace(id, cluster);
        }
      });
  if (by_place_.empty()) by_place_.reserve(references.size());
  router::ClusterReferences::visit_differences(
      adopted_, references, [&](const std::string& id, const Reference*, const Reference* after) {
        if (after == nullptr) return;
        if (after->place >= by_place_.size()) by_place_.resize(after->place + std::size_t{1});
        Place& place = by_place_[after->place];
        place.config = after->cluster;
        place.id_hash = Cluster::hash_of(id);
        if (const auto carried = moved.find(id); carried != moved.end()) {
          place.cluster = carried->second;
        }
        if (place.cluster != nullptr) {
          place.cluster->update(place.config, options_, counters_, wire_);
        }
      });
  adopted_ = references;
}

const std::shared_ptr<Cluster>& Clusters::make(Place& place) {
  static const auto kNothing = std::make_shared<const config::Cluster>();
  place.cluster = std::make_shared<Cluster>(kNothing, start_, place.id_hash);
  place.cluster->update(place.config, options_, counters_, wire_);
  return place.cluster;
}

bool Cluster::close_an_idle_connection() {
  const auto closes = [](const auto& endpoint) { return endpoint->close_an_idle_connection(); };
  return std::any_of(endpoints_.begin(), endpoints_.end(), closes) ||
         std::any_of(leaving_.begin(), leaving_.end(), closes);
}

bool Clusters::close_an_idle_connection() {
  return std::any_of(by_place_.begin(), by_place_.end(), [](const Place& place) {
    return place.cluster != nullptr && place.cluster->close_an_idle_connection();
  });
}

}  // namespace proxy::upstream
