#include "kube/cache.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include <prometheus/counter.h>

namespace kube {
namespace {

bool is_in_lower_case(char lower, char any) {
  return lower == (any >= 'A' && any <= 'Z' ? static_cast<char>(any - 'A' + 'a') : any);
}

// "IngressClasses", of the kind IngressClass with the plural ingressclasses.
std::string plural_in_words(const ResourceType& type) {
  const auto size = std::min(type.kind.size(), type.plural.size());
  const bool begins_with_kind = std::equal(type.plural.begin(), type.plural.begin() + size,
                                           type.kind.begin(), type.kind.end(), is_in_lower_case);
  return begins_with_kind ? type.kind + type.plural.substr(size) : type.plural;
}

}  // namespace

// All by kind.
struct Cache::Metrics {
  explicit Metrics(std::shared_ptr<prometheus::Registry> of)
      : registry(std::move(of)),
        objects(prometheus::BuildGauge()
                    .Name("gatehouse_cache_objects")
                    .Help("Objects that are kept of the cluster")
                    .Register(*registry)),
        listed(prometheus::BuildGauge()
                   .Name("gatehouse_cache_listed")
                   .Help("1 once all that there is has been listed")
                   .Register(*registry)),
        failures(prometheus::BuildCounter()
                     .Name("gatehouse_cache_failures_total")
                     .Help("Lists and watches that failed and were tried again")
                     .Register(*registry)) {}

  const std::shared_ptr<prometheus::Registry> registry;
  prometheus::Family<prometheus::Gauge>& objects;
  prometheus::Family<prometheus::Gauge>& listed;
  prometheus::Family<prometheus::Counter>& failures;
};

Cache::Cache(Client& client, Options options)
    : client_(client),
      reflector_(std::move(options.reflector)),
      metrics_(options.registry ? std::make_unique<Metrics>(options.registry) : nullptr),
      fetches_(std::move(options.fetches)) {}

Cache::~Cache() {
  stop();
}

prometheus::Gauge& Cache::gauge_of_objects(const ResourceType& type) {
  return metrics_->objects.Add({{"kind", type.kind}});
}

prometheus::Gauge& Cache::gauge_of_listing(const ResourceType& type) {
  return metrics_->listed.Add({{"kind", type.kind}});
}

ReflectorOptions Cache::options_for(const ResourceType& type, const std::string& field_selector,
                                    const std::string& namespace_) const {
  ReflectorOptions options = reflector_;
  if (metrics_) {
    prometheus::Counter& failures = metrics_->failures.Add({{"kind", type.kind}});
    options.on_failure = [&failures] { failures.Increment(); };
  }
  options.field_selector = field_selector;
  options.namespace_ = namespace_;
  return options;
}

void Cache::start() {
  const bool names_others = std::any_of(kinds_.begin(), kinds_.end(),
                                        [](const Kept& kind) { return kind.role == Role::naming; });
  if (names_others) fetches_.start();
  for (const Kept& kind : kinds_) {
    if (kind.watches.empty()) kind.store->list_nothing();
  }
  start_watches(Role::naming);
  start_watches(Role::alone);
  begin_with_named();
}

void Cache::start_watches(Role role) {
  for (const Kept& kind : kinds_) {
    if (kind.role != role) continue;
    for (const Watch& watch : kind.watches) watch->start();
  }
}

// Whoever names something is known, or will fetch it.
void Cache::begin_with_named() {
  const auto is_unknown = [](const Kept& kind) {
    return kind.role == Role::naming && kind.is_awaited && !kind.store->has_synced();
  };
  if (std::any_of(kinds_.begin(), kinds_.end(), is_unknown)) return;
  const std::lock_guard lock(mutex_);
  if (std::exchange(have_named_begun_, true)) return;
  start_watches(Role::named);
}

void Cache::request_stop() {
  {
    const std::lock_guard lock(mutex_);
    have_named_begun_ = true;
  }
  fetches_.request_stop();
  for (const Kept& kind : kinds_) {
    for (const Watch& watch : kind.watches) watch->request_stop();
  }
}

void Cache::stop() {
  request_stop();
  fetches_.stop();
  for (const Kept& kind : kinds_) {
    for (const Watch& watch : kind.watches) watch->stop();
  }
}

std::string Cache::awaited() const {
  std::string names;
  for (const Kept& kind : kinds_) {
    if (!kind.is_awaited || kind.store->has_synced()) continue;
    names += (names.empty() ? "" : ", ") + plural_in_words(kind.type);
  }
  return names;
}

std::vector<ResourceType> Cache::kinds() const {
  std::vector<ResourceType> types;
  for (const Kept& kind : kinds_) {
    if (!kind.watches.empty()) types.push_back(kind.type);
  }
  return types;
}

}  // namespace kube
