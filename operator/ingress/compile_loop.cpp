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
#include "operator/ingress/owned_ingresses.h"
#include "proxy/config/wire.h"

namespace ingress {
namespace {

constexpr const char* kBySecret = "compile-by-secret";
constexpr const char* kByService = "compile-by-service";

std::vector<std::string> texts_of(const std::set<kube::ObjectKey>& keys) {
  std::vector<std::string> texts;
  texts.reserve(keys.size());
  for (const kube::ObjectKey& key : keys) texts.push_back(key.text());
  return texts;
}

}  // namespace

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
    ingresses_.Set(static_cast<double>(outcome.summaries.size()));
    double warnings = 0;
    double pending = 0;
    for (const Complaint& complaint : outcome.complaints) {
      const auto count = static_cast<double>(complaint.stands_for);
      warnings += complaint.severity == Severity::warning ? count : 0;
      pending += complaint.severity == Severity::pending ? count : 0;
    }
    warnings_.Set(warnings);
    pending_.Set(pending);
  }
  void count_invalid() { invalid_.Increment(); }

 private:
  prometheus::Histogram& duration_;
  prometheus::Counter& invalid_;
  prometheus::Gauge& ingresses_;
  prometheus::Family<prometheus::Gauge>& complaints_;
  prometheus::Gauge& warnings_;
  prometheus::Gauge& pending_;
};

CompileLoop::CompileLoop(Stores stores, Options options, const base::Clock& clock,
                         prometheus::Registry& registry, Listener listener)
    : stores_(stores),
      options_(std::move(options)),
      clock_(clock),
      metrics_(std::make_unique<Metrics>(registry)),
      listener_(std::move(listener)) {
  listen();
}

// Whoever names an object is looked up once the object is visible, and looks for it once he is
// visible himself: of two changes at once one sees the other.
void CompileLoop::listen() {
  stores_.ingresses.add_index(
      kBySecret, [](const kube::Ingress& ingress) { return texts_of(named_secrets(ingress)); });
  stores_.ingresses.add_index(
      kByService, [](const kube::Ingress& ingress) { return texts_of(named_services(ingress)); });
  const auto always = [this](const auto&) { poke(); };
  stores_.ingresses.add_listener(always);
  stores_.classes.add_listener(always);
  stores_.certificates.add_listener(always);
  stores_.services.add_listener([this](const kube::ObjectChange<kube::Service>& change) {
    if (options_.read_beside.count(change.key) != 0 || is_service_of_an_ingress(change.key)) poke();
  });
  stores_.slices.add_listener([this](const kube::ObjectChange<kube::EndpointSlice>& change) {
    const auto concerns_us = [this](const auto& slice) {
      return slice && is_service_of_an_ingress(slice->service());
    };
    if (concerns_us(change.before) || concerns_us(change.after)) poke();
  });
  stores_.tls_secrets.add_listener([this](const kube::ObjectChange<kube::Secret>& change) {
    if (!stores_.ingresses.find(kBySecret, change.key.text()).empty()) poke();
  });
  stores_.namespaces.add_listener([this](const kube::ObjectChange<kube::Namespace>& change) {
    const auto is_ending = [](const auto& one) { return one && one->metadata.is_being_deleted; };
    if (is_ending(change.before) != is_ending(change.after)) poke();
  });
}

bool CompileLoop::is_service_of_an_ingress(const kube::ObjectKey& service) const {
  return !stores_.ingresses.find(kByService, service.text()).empty();
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

void CompileLoop::poke() {
  const std::lock_guard lock(mutex_);
  is_dirty_ = true;
  changed_.notify_all();
}

void CompileLoop::run(const std::stop_token& stop) {
  if (!wait_for_stores(stop)) return;
  CompilePace pace(options_.coalesce);
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      is_dirty_ = false;
    }
    ++rounds_;
    const base::SteadyTime begin = clock_.steady_now();
    compile_once();
    has_compiled_ = true;
    pace.on_compiled(begin, clock_.steady_now());
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, stop, options_.at_least, [this] { return is_dirty_; })) continue;
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
  const auto all_synced = [this, since] {
    return stores_.ingresses.has_synced() && stores_.classes.has_synced() &&
           stores_.services.has_synced() && stores_.slices.has_synced() &&
           stores_.tls_secrets.has_synced() && stores_.certificates.has_synced() &&
           (stores_.namespaces.has_synced() ||
            clock_.steady_now() - since > options_.namespaces_wait);
  };
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    ++rounds_;
    lock.unlock();
    const bool is_done = all_synced();
    lock.lock();
    if (is_done) return true;
    changed_.wait_for(lock, stop, std::chrono::milliseconds(20), [] { return false; });
  }
  return false;
}

ClusterView CompileLoop::view() {
  ClusterView view;
  view.class_names = options_.class_names;
  view.default_issuer = options_.default_issuer;
  view.buffers_requests = options_.buffers_requests;
  view.shares_hosts = options_.shares_hosts;
  view.now = clock_.now();
  view.ingresses = stores_.ingresses.list();
  view.classes = stores_.classes.list();
  view.services = stores_.services.list();
  view.slices = stores_.slices.list();
  view.certificates = stores_.certificates.list();
  for (const auto& one : stores_.namespaces.list()) {
    if (one->metadata.is_being_deleted) view.ending_namespaces.insert(one->metadata.name);
  }
  // Only the Secrets that Ingresses of ours name are ever parsed.
  for (const auto& ingress : owned_by_age(view)) {
    for (const kube::IngressTls& tls : ingress->tls) {
      const kube::ObjectKey key{ingress->metadata.namespace_, tls.secret_name};
      if (view.secrets.count(key) != 0) continue;
      if (const auto secret = stores_.tls_secrets.get(key))
        view.secrets[key] = secrets_.read(*secret);
    }
  }
  secrets_.drop_unused();
  return view;
}

void CompileLoop::compile_once() {
  const auto begin = std::chrono::steady_clock::now();
  const ClusterView seen = view();
  Compiled compiled = compile(seen);
  Outcome outcome;
  outcome.plan = plan_certificates(seen, compiled.owners);
  outcome.summaries = std::move(compiled.summaries);
  outcome.complaints = std::move(compiled.complaints);
  outcome.complaints.insert(outcome.complaints.end(), outcome.plan.complaints.begin(),
                            outcome.plan.complaints.end());
  outcome.owners = std::make_shared<const HostOwners>(std::move(compiled.owners));
  auto config = last_config_ ? share_unchanged(*last_config_, std::move(compiled.config))
                             : std::move(compiled.config);
  if (const auto valid = proxy::config::validate(config); valid) {
    outcome.config = std::make_shared<const proxy::config::ProxyConfig>(std::move(config));
    last_config_ = outcome.config;
  } else {
    metrics_->count_invalid();
    spdlog::error(
        "compiling the cluster: the result breaks the proxies' contract and is not published, the "
        "last good one stays (please report this): {}",
        valid.error().message);
  }
  metrics_->show(outcome, std::chrono::steady_clock::now() - begin);
  listener_(outcome);
}

}  // namespace ingress
