#include "proxy/session/engine.h"

#include <algorithm>
#include <latch>
#include <type_traits>

#include <malloc.h>
#include <pthread.h>
#include <spdlog/spdlog.h>

#include "base/broken_pipes.h"
#include "proxy/net/port_handover.h"
#include "proxy/net/socket.h"
#include "proxy/session/descriptor_budget.h"

namespace proxy::session {
namespace {

// A loop that has not begun a turn for this long is stuck; an idle one turns every second.
constexpr std::chrono::milliseconds kStuckAfter{10'000};
constexpr std::chrono::seconds kPublishTimeout{30};
// WebSockets are closed in this many groups over the last half of the deadline.
constexpr std::size_t kTunnelGroups = 8;

// Calls back once when all workers did something.
class Countdown {
 public:
  explicit Countdown(std::size_t count) : count_(count) {}
  void arrive() {
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) done_.notify_all();
  }
  template <class Duration>
  bool wait(Duration timeout) {
    std::unique_lock lock(mutex_);
    return done_.wait_for(lock, timeout, [&] { return count_ == 0; });
  }
  template <class Duration>
  bool wait(Duration timeout, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    return done_.wait_for(lock, stop, timeout, [&] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any done_;
  std::size_t count_;
};

}  // namespace

base::Result<std::unique_ptr<Engine>> Engine::start(const EngineSettings& settings,
                                                    admin::AccessLog& access_log,
                                                    admin::SpanExport* spans) {
  base::ignore_broken_pipes();  // splice() has no MSG_NOSIGNAL
  std::unique_ptr<Engine> engine(new Engine(settings, access_log, spans));
  engine->share_descriptors();
  auto keys = tls::TicketKeys::generate();
  if (!keys) return base::failure(keys.error());
  engine->ticket_keys_ = std::move(*keys);
  for (std::size_t i = 0; i < settings.workers; ++i) {
    auto worker = Worker::create(engine->settings_.options, access_log, spans, engine->passwords_,
                                 engine->inspectors_, i);
    if (!worker) return base::failure(worker.error());
    engine->workers_.push_back(std::move(*worker));
  }
  if (auto status = engine->bind_ports(); !status) return base::failure(status.error());
  if (auto status = engine->start_workers(); !status) return base::failure(status.error());
  return engine;
}

void Engine::share_descriptors() {
  if (settings_.open_files_max == 0) return;
  Options& options = settings_.options;
  const DescriptorBudget budget = DescriptorBudget::share(
      settings_.open_files_max, settings_.workers, options.connections_max, options.pipes_max);
  if (budget.clients_max < options.connections_max) {
    spdlog::warn(
        "the limit on open files, {}, allows for {} client connections per worker instead of {}",
        settings_.open_files_max, budget.clients_max, options.connections_max);
  }
  options.connections_max = budget.clients_max;
  options.pipes_max = budget.pipes_max;
  options.endpoint_connections_max = budget.endpoints_max;
}

base::Status Engine::check_is_ours(const net::SocketAddress& address) const {
  return settings_.shares_ports ? base::Status() : net::check_address_is_free(address);
}

base::Status Engine::bind_ports() {
  const HeaderRule rule = settings_.proxy_protocol ? HeaderRule::must_come : HeaderRule::may_come;
  const std::array<const std::optional<net::SocketAddress>*, 4> wanted = {
      &settings_.http, &settings_.https, &settings_.direct_http, &settings_.direct_https};
  for (std::size_t i = 0; i < doors_.size(); ++i) {
    Door& door = doors_[i];
    const bool is_direct = i >= 2;
    door.entrance = {.secure = i % 2 == 1, .header = is_direct ? HeaderRule::none : rule};
    if (!*wanted[i]) continue;
    net::SocketAddress address = **wanted[i];
    if (auto status = check_is_ours(address); !status) return status;
    for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
      auto bound = net::bind_listener(address);
      if (!bound) return base::failure(bound.error());
      door.listeners.push_back(std::move(*bound));
      // The others share the port that the first got.
      address = net::local_address(door.listeners.back().get());
    }
    door.port = address.port();
  }
  const Options& options = settings_.options;
  for (const auto& worker : workers_) {
    worker->set_public_ports(
        options.public_http_port != 0 ? options.public_http_port : http_port(),
        options.public_https_port != 0 ? options.public_https_port : https_port());
  }
  return {};
}

// All at once: a client that finds one worker's port open may be given to any of them.
base::Status Engine::open_ports() {
  for (Door& door : doors_) {
    if (door.listeners.empty()) continue;
    // Another process may have begun to listen since the address was taken: sockets that do not
    // listen yet are in nobody's way.
    const net::SocketAddress address = net::local_address(door.listeners.front().get());
    if (auto status = check_is_ours(address); !status) return status;
    for (const net::Fd& fd : door.listeners) {
      if (auto status = net::start_listening(fd.get()); !status) return status;
      if (settings_.shares_ports) net::deal_out_to_all(fd.get());
    }
  }
  const std::lock_guard lock(mutex_);
  for (Door& door : doors_) {
    if (!door.listeners.empty()) door.first_listener = door.listeners.front().get();
    for (std::size_t i = 0; i < door.listeners.size(); ++i) {
      workers_[i]->accept_from(std::move(door.listeners[i]), door.entrance);
    }
    door.listeners.clear();
  }
  return {};
}

base::Status Engine::start_workers() {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->use_ticket_keys(ticket_keys_);
    threads_.emplace_back([worker = workers_[i].get()] { worker->run(); });
    ::pthread_setname_np(threads_.back().native_handle(), ("worker-" + std::to_string(i)).c_str());
  }
  hourly_ = std::jthread([this](const std::stop_token& stop) { follow_clock(stop); });
  return {};
}

Engine::~Engine() {
  hourly_ = {};
  passwords_.stop();  // they tell the workers' loops
  inspectors_.stop();
  for (const auto& worker : workers_) worker->stop();
  threads_.clear();
}

void Engine::follow_clock(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (ticket_rotation_.is_due(clock_.steady_now())) rotate_ticket_keys();
    changed_.wait_for(lock, stop, settings_.looks_at_clock_every, [] { return false; });
  }
}

// Under the lock.
void Engine::rotate_ticket_keys() {
  auto keys = ticket_keys_->rotated();
  if (!keys) {
    spdlog::error("rotating session ticket keys: {}; the old ones stay", keys.error().message);
    return;
  }
  ticket_keys_ = std::move(*keys);
  for (const auto& worker : workers_) worker->use_ticket_keys(ticket_keys_);
}

base::Status Engine::use_ticket_keys(const std::vector<std::string>& newest_first) {
  auto keys = tls::TicketKeys::from_bytes(newest_first);
  if (!keys) return base::failure(keys.error());
  const std::lock_guard lock(mutex_);
  ticket_keys_ = std::move(*keys);
  ticket_rotation_.note_given(clock_.steady_now());
  for (const auto& worker : workers_) worker->use_ticket_keys(ticket_keys_);
  return {};
}

// Before a worker can come by a route that needs it.
void Engine::prepare_firewall(const control::Snapshot& next) {
  std::shared_ptr<const control::Snapshot> before;
  {
    const std::lock_guard lock(mutex_);
    before = live_.snapshot;
  }
  using Guards = config::ProxyConfig::Section<config::Guards>;
  Guards::visit_differences(before == nullptr ? Guards() : before->config->guards,
                            next.config->guards,
                            [this](const std::string&, const auto* /*old*/, const auto* guards) {
                              if (guards == nullptr || !(*guards)->firewall) return;
                              wants_firewall_ = true;
                              if ((*guards)->firewall->responses) wants_response_rules_ = true;
                            });
  if (wants_firewall_) inspectors_.prepare(wants_response_rules_);
}

namespace {

// How many entries differ, about; what both share is not looked at.
std::size_t changes_between(const config::ProxyConfig* before, const config::ProxyConfig& after) {
  static const config::ProxyConfig kNothing;
  const config::ProxyConfig& from = before == nullptr ? kNothing : *before;
  std::size_t changes = 0;
  const auto count = [&](const auto& of_before, const auto& of_after) {
    std::decay_t<decltype(of_after)>::visit_differences(
        of_before, of_after, [&](const auto&, const auto*, const auto*) { ++changes; });
  };
  count(from.hosts, after.hosts);
  count(from.clusters, after.clusters);
  count(from.certificates, after.certificates);
  return changes;
}

// Reading so many takes a multiple of what stays of them, some MB, in pieces between what stays.
// The C library keeps that for later, and for less it is worth more than the milliseconds that
// giving it back takes.
constexpr std::size_t kWorthGivingBack = 1'000;

}  // namespace

// `next` has the list of before. Whom the options trust stays trusted, whatever a configuration
// says.
void Engine::decide_who_is_trusted(const config::ProxyConfig& config, LiveState& next) const {
  const client::TrustedNetworks& of_options = settings_.options.trusted_proxies;
  const auto said = config.arrivals.find("");
  client::TrustedNetworks trusted = of_options;
  if (said != config.arrivals.end()) trusted = of_options.with(said->second->trusted_proxies);
  const bool is_first = next.trusted_proxies == nullptr;
  if (!is_first && *next.trusted_proxies == trusted) return;
  if (!is_first || trusted.size() != of_options.size()) {
    spdlog::info(
        "who comes from one of {} networks may say who its client is: {} of --trusted-proxies, {} "
        "of the configuration; for connections from now on",
        trusted.size(), of_options.size(), trusted.size() - of_options.size());
  }
  next.trusted_proxies = std::make_shared<const client::TrustedNetworks>(std::move(trusted));
}

// `next` has what held before. Where the settings want a header of everybody it makes no
// difference.
void Engine::decide_about_headers(const config::ProxyConfig& config, LiveState& next) const {
  const auto said = config.arrivals.find("");
  const bool takes = said != config.arrivals.end() && said->second->takes_proxy_headers;
  if (takes == next.takes_proxy_headers) return;
  next.takes_proxy_headers = takes;
  if (settings_.proxy_protocol) return;
  spdlog::info("a connection of a trusted proxy {} begin with a PROXY header from now on",
               takes ? "may" : "may not");
}

base::Status Engine::publish(std::shared_ptr<const control::Snapshot> snapshot) {
  prepare_firewall(*snapshot);
  LiveState next;
  std::size_t changes = 0;
  {
    const std::lock_guard lock(mutex_);
    next.certificates = live_.certificates;
    next.limits = limits_;
    changes = changes_between(live_.snapshot == nullptr ? nullptr : live_.snapshot->config.get(),
                              *snapshot->config);
    next.client_places = client_places_;
    next.trusted_proxies = live_.trusted_proxies;
    next.takes_proxy_headers = live_.takes_proxy_headers;
  }
  decide_who_is_trusted(*snapshot->config, next);
  decide_about_headers(*snapshot->config, next);
  next.certificates =
      std::make_shared<tls::CertificateTable>(*snapshot->config, next.certificates.get());
  next.snapshot = std::move(snapshot);
  const auto served = std::make_shared<Countdown>(workers_.size());
  for (const auto& worker : workers_) {
    worker->serve(next, [served] { served->arrive(); });
  }
  if (!served->wait(kPublishTimeout)) {
    return base::failure(base::ErrorKind::unavailable,
                         "not every worker took the new configuration in time");
  }
  if (auto status = open_ports(); !status) return status;
  {
    const std::lock_guard lock(mutex_);
    live_ = std::move(next);
    ++applied_;
  }
  if (changes >= kWorthGivingBack) ::malloc_trim(0);
  return {};
}

void Engine::on_refused() {
  const std::lock_guard lock(mutex_);
  ++refused_;
}

void Engine::on_incomplete(std::string problem) {
  const std::lock_guard lock(mutex_);
  incomplete_ = std::move(problem);
}

void Engine::note_memory(const MemoryUse& use) {
  const std::lock_guard lock(mutex_);
  memory_ = use;
  const MemoryWatermark::Level before = watermark_.level();
  const MemoryWatermark::Level level = watermark_.note(use);
  if (level == before) return;
  for (const auto& worker : workers_) worker->note_memory(level);
  if (level > before) {
    spdlog::warn("{} of {} bytes of memory are used: {}", use.used, use.limit,
                 level == MemoryWatermark::Level::none
                     ? "no clients are accepted, and new requests are answered 503"
                     : "new requests are answered 503");
  } else if (level == MemoryWatermark::Level::enough) {
    spdlog::info("{} of {} bytes of memory are used: all requests are served again", use.used,
                 use.limit);
  }
}

base::Status Engine::ready() const {
  const std::lock_guard lock(mutex_);
  if (draining_) return base::failure(base::ErrorKind::unavailable, "draining");
  if (live_.snapshot == nullptr) {
    return base::failure(base::ErrorKind::unavailable, "no configuration yet");
  }
  if (!incomplete_.empty()) return base::failure(base::ErrorKind::unavailable, incomplete_);
  return {};
}

base::Status Engine::alive(base::SteadyTime now) const {
  const auto now_millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  std::vector<std::int64_t> ticks;
  for (const auto& worker : workers_) ticks.push_back(worker->last_tick_millis());
  if (const auto stuck = find_stuck_loop(ticks, now_millis)) {
    return base::failure(base::ErrorKind::unavailable,
                         "the loop of worker " + std::to_string(*stuck) + " is stuck");
  }
  return {};
}

std::optional<std::size_t> find_stuck_loop(const std::vector<std::int64_t>& last_ticks_millis,
                                           std::int64_t now_millis) {
  for (std::size_t i = 0; i < last_ticks_millis.size(); ++i) {
    const std::int64_t tick = last_ticks_millis[i];
    if (tick != 0 && now_millis - tick > kStuckAfter.count()) return i;
  }
  return std::nullopt;
}

std::string Engine::metrics_text() const {
  admin::ProxyFacts facts;
  {
    const std::lock_guard lock(mutex_);
    if (live_.snapshot != nullptr) {
      facts.revision = live_.snapshot->revision;
      facts.hosts = live_.snapshot->config->hosts.size();
      facts.clusters = live_.snapshot->config->clusters.size();
      facts.certificates = live_.snapshot->config->certificates.size();
    }
    facts.config_applied = applied_;
    facts.config_rejected = refused_;
    facts.draining = draining_;
    facts.memory_used = memory_.used;
    facts.memory_limit = memory_.limit;
  }
  facts.access_lines_dropped = access_log_.dropped_lines();
  if (spans_ != nullptr) facts.spans = {.sent = spans_->sent(), .dropped = spans_->dropped()};
  std::vector<const admin::WorkerCounters*> counters;
  for (const auto& worker : workers_) counters.push_back(&worker->read_counters());
  return admin::metrics_text(counters, facts);
}

std::size_t Engine::open_connections() const {
  std::size_t open = 0;
  for (const auto& worker : workers_) open += worker->read_counters().connections_open.get();
  return open;
}

void Engine::hand_over_ports(const Drain& drain, const std::stop_token& stop) {
  std::vector<net::PortHandover> handovers;
  {
    const std::lock_guard lock(mutex_);
    for (const Door& door : doors_) {
      if (door.first_listener < 0) continue;
      const auto handover =
          net::PortHandover::begin(door.first_listener, static_cast<unsigned>(workers_.size()));
      if (handover) handovers.push_back(*handover);
    }
  }
  if (handovers.empty()) return;
  for (const net::PortHandover& handover : handovers) handover.send_to_others();
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, drain.handshakes, [] { return false; });
  }
  // From the last to the first, as PortHandover counts on.
  for (std::size_t left = workers_.size(); left > 0 && !stop.stop_requested(); --left) {
    for (const net::PortHandover& handover : handovers) {
      handover.before_closing_one_of(static_cast<unsigned>(left));
    }
    const auto closed = std::make_shared<Countdown>(1);
    workers_[left - 1]->accept_no_more([closed] { closed->arrive(); });
    closed->wait(drain.deadline, stop);
  }
}

std::size_t Engine::drain(const Drain& drain, const std::stop_token& stop) {
  {
    std::unique_lock lock(mutex_);
    draining_ = true;
    for (const auto& worker : workers_) worker->announce_drain();
    changed_.wait_for(lock, stop, drain.grace, [] { return false; });
  }
  // Whoever is asked to stop may have been started before anybody thought of a successor.
  hand_over_ports(drain, stop);
  const auto drained = std::make_shared<Countdown>(workers_.size());
  for (const auto& worker : workers_) {
    worker->drain([drained] { drained->arrive(); });
  }
  if (drained->wait(drain.deadline / 2, stop)) return 0;
  const auto step = drain.deadline / 2 / kTunnelGroups;
  for (std::size_t group = 0; group < kTunnelGroups && !stop.stop_requested(); ++group) {
    // A share of what is left each time: 1/8, then 1/7 of the rest, ...
    for (const auto& worker : workers_) worker->close_tunnels(kTunnelGroups - group);
    if (drained->wait(step, stop)) return 0;
  }
  return open_connections();
}

}  // namespace proxy::session
