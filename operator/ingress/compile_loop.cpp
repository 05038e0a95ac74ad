#include "operator/ingress/compile_loop.h"

#include <algorithm>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <pthread.h>
#include <spdlog/spdlog.h>

#include "operator/ingress/compile_pace.h"
#include "operator/ingress/ingress_names.h"
#include "operator/routing/external_names.h"
#include "operator/routing/tls_secret.h"
#include "proxy/config/wire.h"

namespace ingress {
namespace {

using routing::AuthSecret;
using routing::Complaint;
using routing::Complaints;
using routing::external_name_of;
using routing::FieldMap;
using routing::HostOwners;
using routing::NamedOutside;
using routing::ResolvedName;
using routing::Severity;
using routing::sharing_with;
using routing::TlsSecret;
using routing::TlsSecretCache;

constexpr const char* kBySecret = "compile-by-secret";
constexpr const char* kByService = "compile-by-service";
constexpr const char* kSlicesByService = "compile-slices-by-service";
constexpr const char* kByExternalName = "compile-by-external-name";

std::vector<std::string> texts_of(const std::set<kube::ObjectKey>& keys) {
  std::vector<std::string> texts;
  texts.reserve(keys.size());
  for (const kube::ObjectKey& key : keys) texts.push_back(key.text());
  return texts;
}

bool have_labels_changed(const kube::ObjectChange<kube::Namespace>& change) {
  if (!change.before || !change.after) return change.before != change.after;
  return change.before->metadata.labels != change.after->metadata.labels;
}

}  // namespace

// The stores as the compiler asks for them.
class CompileLoop::Source final : public ClusterSource {
 public:
  explicit Source(const Stores& stores) : stores_(stores) {}

  Objects<kube::Ingress> ingresses() const override { return stores_.ingresses.list(); }
  Objects<api::Certificate> certificates() const override { return stores_.certificates.list(); }
  Objects<kube::IngressClass> classes() const override { return stores_.classes.list(); }
  ParametersByName parameters() const override {
    if (stores_.in_force == nullptr) return {};
    ParametersByName named = stores_.in_force->now();
    std::set<kube::ObjectKey> services;
    for (const auto& [name, one] : named) services.merge(named_services(*one));
    const std::lock_guard lock(mutex_);
    services_of_parameters_ = std::move(services);
    return named;
  }
  // Any thread. Those that hold now, or did when they were asked for last, and those that a class
  // may come to name.
  bool is_named_by_parameters(const kube::ObjectKey& service) const {
    {
      const std::lock_guard lock(mutex_);
      if (services_of_parameters_.count(service) != 0) return true;
    }
    if (stores_.parameters == nullptr || stores_.in_force == nullptr) return false;
    const auto names_it = [&](const auto& one) { return named_services(*one).count(service) != 0; };
    const auto all = stores_.parameters->list();
    if (std::any_of(all.begin(), all.end(), names_it)) return true;
    // What holds on is in no store.
    const ParametersByName in_force = stores_.in_force->as_written();
    return std::any_of(in_force.begin(), in_force.end(),
                       [&](const auto& one) { return names_it(one.second); });
  }
  // Any thread. Whether labels of namespaces decide about what parameters() says.
  bool selects_namespaces() const {
    return stores_.in_force != nullptr && stores_.in_force->have_selectors();
  }
  std::set<std::string> ending_namespaces() const override {
    std::set<std::string> ending;
    for (const auto& one : stores_.namespaces.list()) {
      if (one->metadata.is_being_deleted) ending.insert(one->metadata.name);
    }
    return ending;
  }
  Object<kube::Ingress> ingress(const kube::ObjectKey& key) const override {
    return stores_.ingresses.get(key);
  }
  Object<api::Certificate> certificate(const kube::ObjectKey& key) const override {
    return stores_.certificates.get(key);
  }
  Object<kube::Service> service(const kube::ObjectKey& key) const override {
    return stores_.services.get(key);
  }
  // Only the Secrets that Ingresses of ours name are ever parsed.
  Object<TlsSecret> tls_secret(const kube::ObjectKey& key) const override {
    const auto secret = stores_.tls_secrets.get(key);
    if (!secret) return nullptr;
    auto read = secrets_.read(*secret);
    if (auto twin = sharing_with(read, *secret)) stores_.tls_secrets.exchange(secret, twin);
    return read;
  }
  // What comes of these is known to tls_secret() for as long as the result is held.
  std::vector<std::shared_ptr<const TlsSecret>> read_tls_secrets(
      const std::set<kube::ObjectKey>& keys) const {
    // A container may be given less than its node has, and nobody is in such a hurry.
    constexpr unsigned kThreadsMax = 4;
    TlsSecretCache::Secrets secrets;
    for (const kube::ObjectKey& key : keys) {
      if (auto secret = stores_.tls_secrets.get(key)) secrets.push_back(std::move(secret));
    }
    return secrets_.read_all(secrets, std::min(std::thread::hardware_concurrency(), kThreadsMax));
  }
  Object<AuthSecret> auth_secret(const kube::ObjectKey& key) const override {
    return stores_.auth_secrets == nullptr ? nullptr : stores_.auth_secrets->get(key);
  }
  Object<FieldMap> field_map(const kube::ObjectKey& key) const override {
    return stores_.field_maps == nullptr ? nullptr : stores_.field_maps->get(key);
  }
  Object<ResolvedName> external_name(const std::string& name) const override {
    return stores_.external_names == nullptr ? nullptr : stores_.external_names->get(name);
  }
  Objects<kube::EndpointSlice> slices_of(const kube::ObjectKey& service) const override {
    return stores_.slices.find(kSlicesByService, service.text());
  }

 private:
  const Stores& stores_;
  mutable TlsSecretCache secrets_;
  mutable std::mutex mutex_;
  mutable std::set<kube::ObjectKey> services_of_parameters_;  // when they were asked for last
};

// gatehouse_compile_duration_seconds, gatehouse_compile_invalid_total, gatehouse_ingresses,
// gatehouse_ingress_complaints{severity}.
class CompileLoop::Metrics {
 public:
  explicit Metrics(prometheus::Registry& registry)
      : duration_(prometheus::BuildHistogram()
                      .Name("gatehouse_compile_duration_seconds")
                      .Help("Time to compile the cluster into a proxy configuration.")
                      .Register(registry)
                      .Add({}, prometheus::Histogram::BucketBoundaries{0.001, 0.005, 0.02, 0.1, 0.5,
                                                                       2.0})),
        invalid_(prometheus::BuildCounter()
                     .Name("gatehouse_compile_invalid_total")
                     .Help("Configurations that broke the contract and were not published: a bug.")
                     .Register(registry)
                     .Add({})),
        ingresses_(prometheus::BuildGauge()
                       .Name("gatehouse_ingresses")
                       .Help("Ingresses of our classes.")
                       .Register(registry)
                       .Add({})),
        complaints_(prometheus::BuildGauge()
                        .Name("gatehouse_ingress_complaints")
                        .Help("What stands in the way of Ingresses, by severity.")
                        .Register(registry)),
        warnings_(complaints_.Add({{"severity", "warning"}})),
        pending_(complaints_.Add({{"severity", "pending"}})) {}

  void show(const Outcome& outcome, std::chrono::duration<double> took) {
    duration_.Observe(took.count());
    ingresses_.Set(static_cast<double>(outcome.findings.summaries.size()));
    count(shown_.complaints, outcome.findings.complaints);
    count(shown_.plan_complaints, outcome.findings.plan_complaints);
    shown_ = outcome.findings;
  }
  void count_invalid() { invalid_.Increment(); }

 private:
  void count(const Findings::ByKey<Complaints>& before, const Findings::ByKey<Complaints>& now) {
    Findings::ByKey<Complaints>::visit_differences(
        before, now, [this](const std::string&, const auto* gone, const auto* come) {
          if (gone != nullptr) count(**gone, -1);
          if (come != nullptr) count(**come, 1);
        });
  }
  void count(const Complaints& complaints, double sign) {
    for (const Complaint& complaint : complaints) {
      const double count = sign * static_cast<double>(complaint.stands_for);
      if (complaint.severity == Severity::warning) warnings_.Increment(count);
      if (complaint.severity == Severity::pending) pending_.Increment(count);
    }
  }

  prometheus::Histogram& duration_;
  prometheus::Counter& invalid_;
  prometheus::Gauge& ingresses_;
  prometheus::Family<prometheus::Gauge>& complaints_;
  prometheus::Gauge& warnings_;
  prometheus::Gauge& pending_;
  Findings shown_;
};

CompileLoop::CompileLoop(Stores stores, Options options, const base::Clock& clock,
                         prometheus::Registry& registry, Listener listener)
    : stores_(stores),
      options_(std::move(options)),
      clock_(clock),
      metrics_(std::make_unique<Metrics>(registry)),
      listener_(std::move(listener)),
      source_(std::make_unique<Source>(stores_)),
      compiler_(options_.settings) {
  listen();
}

// Whoever names an object is looked up once the object is visible, and looks for it once he is
// visible himself: of two changes at once one sees the other.
void CompileLoop::listen() {
  stores_.ingresses.add_index(
      kBySecret, [](const kube::Ingress& ingress) { return texts_of(named_secrets(ingress)); });
  stores_.ingresses.add_index(
      kByService, [](const kube::Ingress& ingress) { return texts_of(named_services(ingress)); });
  stores_.slices.add_index(kSlicesByService, [](const kube::EndpointSlice& slice) {
    return std::vector<std::string>{slice.service().text()};
  });
  stores_.services.add_index(kByExternalName, [](const kube::Service& service) {
    const auto name = external_name_of(service);
    return name ? std::vector<std::string>{*name} : std::vector<std::string>();
  });
  stores_.ingresses.add_listener([this](const auto& change) {
    poke([&](ClusterChanges& changes) { changes.ingresses.insert(change.key); });
  });
  stores_.certificates.add_listener([this](const auto& change) {
    poke([&](ClusterChanges& changes) { changes.certificates.insert(change.key); });
  });
  stores_.classes.add_listener(
      [this](const auto&) { poke([](ClusterChanges& changes) { changes.classes = true; }); });
  if (stores_.parameters != nullptr) {
    stores_.parameters->add_listener(
        [this](const auto&) { poke([](ClusterChanges& changes) { changes.parameters = true; }); });
  }
  const auto note_service = [this](const kube::ObjectKey& service) {
    poke([&](ClusterChanges& changes) { changes.services.insert(service); });
  };
  stores_.services.add_listener([=, this](const kube::ObjectChange<kube::Service>& change) {
    const bool is_read_beside = options_.read_beside.count(change.key) != 0;
    if (is_read_beside || is_service_of_an_ingress(change.key)) note_service(change.key);
  });
  stores_.slices.add_listener([=, this](const kube::ObjectChange<kube::EndpointSlice>& change) {
    for (const auto& slice : {change.before, change.after}) {
      if (slice && is_service_of_an_ingress(slice->service())) note_service(slice->service());
    }
  });
  stores_.tls_secrets.add_listener([this](const kube::ObjectChange<kube::Secret>& change) {
    if (!is_secret_of_an_ingress(change.key)) return;
    poke([&](ClusterChanges& changes) { changes.secrets.insert(change.key); });
  });
  stores_.namespaces.add_listener([this](const kube::ObjectChange<kube::Namespace>& change) {
    const auto is_ending = [](const auto& one) { return one && one->metadata.is_being_deleted; };
    const bool ends = is_ending(change.before) != is_ending(change.after);
    const bool is_another = source_->selects_namespaces() && have_labels_changed(change);
    if (!ends && !is_another) return;
    poke([&](ClusterChanges& changes) {
      changes.namespaces = changes.namespaces || ends;
      changes.parameters = changes.parameters || is_another;
    });
  });
  stores_.namespaces.add_sync_listener([this] {
    if (!source_->selects_namespaces()) return;
    poke([](ClusterChanges& changes) { changes.parameters = true; });
  });
}

bool CompileLoop::is_secret_of_an_ingress(const kube::ObjectKey& secret) const {
  return stores_.ingresses.has(kBySecret, secret.text());
}

// Or of a class of Ingresses, whose parameters are few.
bool CompileLoop::is_service_of_an_ingress(const kube::ObjectKey& service) const {
  return stores_.ingresses.has(kByService, service.text()) ||
         source_->is_named_by_parameters(service);
}

CompileLoop::~CompileLoop() {
  stop();
}

void CompileLoop::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    clockid_t clock{};
    if (pthread_getcpuclockid(pthread_self(), &clock) == 0) processor_clock_ = clock;
    run(stop);
  });
}

void CompileLoop::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::chrono::nanoseconds CompileLoop::processor_time() const {
  timespec time{};
  // A thread that has ended, or has yet to begin, spends none.
  if (processor_clock_ == clockid_t{} || clock_gettime(processor_clock_, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void CompileLoop::poke(const std::function<void(ClusterChanges&)>& note) {
  const std::lock_guard lock(mutex_);
  note(changes_);
  changed_.notify_all();
}

void CompileLoop::run(const std::stop_token& stop) {
  if (!wait_for_stores(stop)) return;
  CompilePace pace(options_.coalesce);
  const auto has_changes = [this] { return !(changes_ == ClusterChanges{}); };
  while (!stop.stop_requested()) {
    ClusterChanges changes;
    {
      const std::lock_guard lock(mutex_);
      std::swap(changes, changes_);
    }
    ++rounds_;
    const base::SteadyTime begin = clock_.steady_now();
    compile(changes);
    has_compiled_ = true;
    pace.on_compiled(begin, clock_.steady_now());
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, stop, options_.at_least, has_changes)) continue;
    rest(lock, stop, pace.wait(clock_.steady_now()));
  }
}

// A cluster that is large, on a processor that is small, has long rests: they are rounds, too.
void CompileLoop::rest(std::unique_lock<std::mutex>& lock, const std::stop_token& stop,
                       std::chrono::steady_clock::duration time) {
  while (time.count() > 0 && !stop.stop_requested()) {
    const auto part = std::min<std::chrono::steady_clock::duration>(time, options_.at_least);
    changed_.wait_for(lock, stop, part, [] { return false; });
    time -= part;
    ++rounds_;
  }
}

bool CompileLoop::wait_for_stores(const std::stop_token& stop) {
  // The loop lives while it waits: an API server that is down is no reason to be killed.
  const base::SteadyTime since = clock_.steady_now();
  std::optional<base::SteadyTime> synced;
  const auto is_done = [&] {
    if (!synced && have_stores_synced(since)) {
      synced = clock_.steady_now();
      follow_named();
    }
    const bool are_read = (stores_.auth_secrets == nullptr || stores_.auth_secrets->are_read()) &&
                          (stores_.field_maps == nullptr || stores_.field_maps->are_read());
    return synced && (are_read || clock_.steady_now() - *synced > options_.auth_secrets_wait) &&
           (stores_.external_names == nullptr || stores_.external_names->are_known() ||
            clock_.steady_now() - *synced > options_.external_names_wait);
  };
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    ++rounds_;
    lock.unlock();
    const bool can_begin = is_done();
    lock.lock();
    if (can_begin) return true;
    changed_.wait_for(lock, stop, std::chrono::milliseconds(20), [] { return false; });
  }
  return false;
}

bool CompileLoop::have_stores_synced(base::SteadyTime since) const {
  return stores_.ingresses.has_synced() && stores_.classes.has_synced() && !lacks_parameters() &&
         stores_.services.has_synced() && stores_.slices.has_synced() &&
         stores_.tls_secrets.has_synced() && stores_.certificates.has_synced() &&
         (stores_.namespaces.has_synced() ||
          clock_.steady_now() - since > options_.namespaces_wait);
}

bool CompileLoop::lacks_parameters() const {
  const ReleaseSettings& settings = options_.settings;
  return stores_.in_force != nullptr &&
         stores_.in_force->are_awaited(settings.controller, settings.class_names);
}

// Before the compiler knows which Ingresses are ours.
void CompileLoop::follow_named() const {
  const ReleaseSettings& settings = options_.settings;
  const ClassOwnership ownership(stores_.classes.list(), settings.controller, settings.class_names,
                                 source_->parameters());
  std::set<kube::ObjectKey> secrets, maps;
  std::set<NamedOutside> names = external_names_of_services();
  for (const auto& ingress : stores_.ingresses.list()) {
    if (!ownership.is_ours(*ingress)) continue;
    const auto whole = ownership.with_defaults(ingress);
    secrets.merge(named_auth_secrets(*whole));
    maps.merge(named_field_maps(*whole));
    for (auto& outside : named_outside(*whole)) {
      names.insert({ingress->metadata.namespace_, std::move(outside.host)});
    }
  }
  if (stores_.auth_secrets != nullptr) stores_.auth_secrets->follow(secrets);
  if (stores_.field_maps != nullptr) stores_.field_maps->follow(maps);
  if (stores_.external_names != nullptr) stores_.external_names->follow(names);
}

std::set<NamedOutside> CompileLoop::external_names_of_services() const {
  std::set<NamedOutside> names;
  for (const auto& service : stores_.services.list()) {
    auto name = external_name_of(*service);
    if (!name || !is_service_of_an_ingress(service->metadata.key())) continue;
    names.insert({service->metadata.namespace_, std::move(*name)});
  }
  return names;
}

void CompileLoop::note_external_name(const std::string& name) {
  poke([&](ClusterChanges& changes) { changes.outside.insert(name); });
  for (const auto& service : stores_.services.find(kByExternalName, name)) {
    const kube::ObjectKey key = service->metadata.key();
    if (!is_service_of_an_ingress(key)) continue;
    poke([&](ClusterChanges& changes) { changes.services.insert(key); });
  }
}

void CompileLoop::note_auth_secret(const kube::ObjectKey& key) {
  poke([&](ClusterChanges& changes) { changes.secrets.insert(key); });
}

void CompileLoop::note_field_map(const kube::ObjectKey& key) {
  poke([&](ClusterChanges& changes) { changes.field_maps.insert(key); });
}

std::set<kube::ObjectKey> CompileLoop::named_tls_secrets() const {
  const ReleaseSettings& settings = options_.settings;
  const ClassOwnership ownership(stores_.classes.list(), settings.controller, settings.class_names,
                                 source_->parameters());
  std::set<kube::ObjectKey> secrets;
  for (const auto& ingress : stores_.ingresses.list()) {
    if (ownership.is_ours(*ingress))
      secrets.merge(named_secrets(*ownership.with_defaults(ingress)));
  }
  return secrets;
}

void CompileLoop::compile(const ClusterChanges& changes) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::shared_ptr<const TlsSecret>> read_before;
  if (!has_compiled_) read_before = source_->read_tls_secrets(named_tls_secrets());
  compiler_.update(changes, *source_, clock_.now());
  follow_what_is_named();
  const bool is_round = changes == ClusterChanges{};
  const bool is_read_beside =
      std::any_of(changes.services.begin(), changes.services.end(),
                  [this](const auto& service) { return options_.read_beside.count(service) != 0; });
  if (has_compiled_ && !compiler_.has_changed() && !is_round && !is_read_beside) return;
  if (!has_compiled_ || compiler_.has_changed()) take_config();
  if (!last_owners_ || compiler_.have_owners_changed()) {
    last_owners_ = std::make_shared<const HostOwners>(compiler_.owners());
  }
  const Outcome made = outcome();
  metrics_->show(made, std::chrono::steady_clock::now() - begin);
  listener_(made);
}

// What was followed before the first compilation may be others than the compiler knows. To follow
// costs a look at all of them, so it is done when they are others.
void CompileLoop::follow_what_is_named() const {
  const auto& changed = compiler_.names_changed();
  if (stores_.auth_secrets != nullptr && (!has_compiled_ || changed.auth_secrets)) {
    stores_.auth_secrets->follow(compiler_.auth_secrets());
  }
  if (stores_.field_maps != nullptr && (!has_compiled_ || changed.field_maps)) {
    stores_.field_maps->follow(compiler_.field_maps());
  }
  if (stores_.external_names != nullptr && (!has_compiled_ || changed.external_names)) {
    stores_.external_names->follow(compiler_.external_names());
  }
}

void CompileLoop::take_config() {
  auto valid = last_valid_.changed_to(compiler_.config());
  is_valid_ = valid.has_value();
  if (is_valid_) {
    last_valid_ = std::move(*valid);
    last_config_ = std::make_shared<const proxy::config::ProxyConfig>(last_valid_.config());
    return;
  }
  metrics_->count_invalid();
  spdlog::error(
      "compiling the cluster: the result breaks the proxies' contract and is not published, the "
      "last good one stays (please report this): {}",
      valid.error().message);
}

CompileLoop::Outcome CompileLoop::outcome() {
  Outcome outcome;
  if (is_valid_) outcome.config = last_config_;
  outcome.owners = last_owners_;
  outcome.findings = compiler_.findings();
  return outcome;
}

}  // namespace ingress
