#include "proxy/upstream/endpoint.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <limits>
#include <utility>

#include "proxy/client/told_proxy_header.h"
#include "proxy/reason/words.h"
#include "proxy/upstream/http2_connection.h"
#include "proxy/upstream/place_hash.h"

namespace proxy::upstream {
namespace {

constexpr std::int64_t kPartsOfTurn = 1'000;
// A new one begins with a tenth: with nothing it would never warm up.
constexpr std::int64_t kPartsAtFirst = kPartsOfTurn / 10;

}  // namespace

PoolOptions PoolOptions::with(const config::EndpointRules& rules) const {
  PoolOptions options = *this;
  if (rules.requests_max != 0) options.requests_max = share_of(rules.requests_max, workers);
  if (rules.connections_max != 0) {
    options.connections_max = share_of(rules.connections_max, workers);
  }
  if (rules.eject_after != 0) {
    options.ejection.failures_max = static_cast<unsigned>(rules.eject_after);
  }
  if (rules.slow_start_seconds != 0) {
    options.slow_start = std::chrono::seconds(rules.slow_start_seconds);
  }
  return options;
}

std::uint32_t share_of(std::size_t all, std::size_t workers) {
  const std::size_t share = all / workers + (all % workers == 0 ? 0 : 1);
  return static_cast<std::uint32_t>(
      std::min<std::size_t>(share, std::numeric_limits<std::uint32_t>::max()));
}

Endpoint::Endpoint(const net::SocketAddress& address, std::shared_ptr<const PoolOptions> options,
                   admin::WorkerCounters& counters, std::shared_ptr<tls::ClientContext> tls,
                   bool speaks_http2, config::ProxyProtocol proxy_protocol)
    : address_(address),
      name_(address.text()),
      place_hash_(add_to_hash(kHashBasis, name_)),
      options_(std::move(options)),
      counters_(counters),
      speaks_http2_(speaks_http2),
      proxy_protocol_(proxy_protocol),
      tls_(std::move(tls)) {}

Endpoint::~Endpoint() = default;

std::unique_ptr<Connection> Endpoint::take_idle(Connection::User& user) {
  while (!idle_.empty()) {
    const base::SteadyTime now = idle_.newest().now();
    const bool is_wary = has_answered_unasked(now);
    Connection& next = is_wary ? idle_.oldest() : idle_.newest();
    if (is_wary && !is_mistrusted(now) && !mistrust_->allows(now, next.rests_since())) {
      return nullptr;
    }
    std::unique_ptr<Connection> connection = idle_.take(next);
    if (is_mistrusted(now)) {
      Connection::close(std::move(connection));
      continue;
    }
    // The event that tells of it may be later in this turn, or in the next: the socket knows now.
    if (connection->is_quiet()) {
      connection->take_from_pool(user);
      counters_.upstream_reused.add();
      return connection;
    }
    Connection::close(std::move(connection));
  }
  return nullptr;
}

void Endpoint::keep(std::unique_ptr<Connection> connection, std::chrono::milliseconds rest_max) {
  if (retired_ || is_mistrusted(connection->now()) || idle_.size() >= options_->idle_max) {
    Connection::close(std::move(connection));
    return;
  }
  connection->rest_in_pool(std::min(options_->idle_timeout, rest_max));
  idle_.put(std::move(connection));
}

// One at rest is as good as the next for a request over HTTP/1.1, but not for all who come: bytes
// that pass as they are, a PROXY header, and whoever has cause for mistrust want one of their own.
bool Endpoint::has_room_on_a_connection() const {
  return !idle_.empty() ||
         std::any_of(http2_.begin(), http2_.end(), [](const auto& one) { return one->has_room(); });
}

bool Endpoint::has_all_connections() const {
  const std::uint32_t most = options_->connections_max;
  if (most == 0 || connections_open_ < most) return false;
  const auto leaving = std::count_if(http2_.begin(), http2_.end(),
                                     [](const auto& one) { return one->is_leaving(); });
  return connections_open_ - std::min(static_cast<std::uint32_t>(leaving), most) >= most;
}

void Endpoint::make_room() {
  if (has_all_connections() && !idle_.empty()) discard(idle_.oldest());
}

void Endpoint::discard(Connection& idle) {
  Connection::close(idle_.take(idle));
}

// ---- HTTP/2

Http2Connection* Endpoint::http2_with_room() {
  for (const auto& connection : http2_) {
    if (connection->has_room()) return connection.get();
  }
  return nullptr;
}

Http2Connection* Endpoint::connect_http2(const std::shared_ptr<Endpoint>& self, net::Loop& loop,
                                         std::chrono::milliseconds connect_timeout,
                                         std::chrono::milliseconds send_timeout) {
  auto made = Http2Connection::connect(
      loop, self,
      {.connect = connect_timeout, .send = send_timeout, .idle = self->options_->idle_timeout});
  if (made == nullptr) return nullptr;
  self->http2_.push_back(std::move(made));
  return self->http2_.back().get();
}

// One always fits, for all that is believed here.
void Endpoint::note_streams_allowed(std::uint32_t count) {
  streams_max_ = std::clamp(count, 1u, http2::ClientSession::kStreamsMax);
}

std::unique_ptr<Http2Connection> Endpoint::take(Http2Connection& connection) {
  const auto found = std::find_if(http2_.begin(), http2_.end(),
                                  [&](const auto& one) { return one.get() == &connection; });
  assert(found != http2_.end());
  std::unique_ptr<Http2Connection> taken = std::move(*found);
  http2_.erase(found);
  return taken;
}

void Endpoint::retire() {
  change_health([&] { health_.on_connected(); });
  retired_ = true;
  // One without requests takes itself out of the list.
  for (std::size_t i = http2_.size(); i > 0; --i) http2_[i - 1]->retire();
  while (!idle_.empty()) Connection::close(idle_.take(idle_.newest()));
  if (probe_ != nullptr) Connection::close(std::move(probe_));
}

bool Endpoint::close_an_idle_connection() {
  if (!idle_.empty()) {
    discard(idle_.newest());
    return true;
  }
  const auto idle =
      std::find_if(http2_.begin(), http2_.end(), [](const auto& one) { return one->is_idle(); });
  if (idle == http2_.end()) return false;
  (*idle)->retire();
  return true;
}

// ---- Is it there?

template <class Change>
void Endpoint::change_health(const Change& change) {
  if (retired_) return;
  const bool was_marked = is_marked();
  change();
  if (was_marked && !is_marked()) counters_.upstream_endpoints_marked.subtract();
  if (!was_marked && is_marked()) counters_.upstream_endpoints_marked.add();
}

void Endpoint::eject(base::SteadyTime now) {
  counters_.upstream_ejections.add();
  ejection_.begin(now, options_->ejection);
}

bool Endpoint::takes_turn_while_new(base::SteadyTime now) {
  if (slow_start_->since == base::SteadyTime{}) slow_start_->since = now;
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - slow_start_->since);
  if (age >= options_->slow_start) {
    slow_start_.reset();
    return true;
  }
  slow_start_->turns_in_parts +=
      std::max(kPartsAtFirst, kPartsOfTurn * age.count() / options_->slow_start.count());
  if (slow_start_->turns_in_parts < kPartsOfTurn) return false;
  slow_start_->turns_in_parts -= kPartsOfTurn;
  return true;
}

void Endpoint::on_connect_failed(base::SteadyTime now) {
  change_health([&] { health_.on_connect_failed(now); });
}

void Endpoint::on_connected() {
  change_health([&] { health_.on_connected(); });
}

void Endpoint::begin_probe(const std::shared_ptr<Endpoint>& self, net::Loop& loop,
                           std::chrono::milliseconds timeout) {
  assert(self->probe_ == nullptr);
  self->health_.on_probe_begins();
  self->counters_.upstream_probes.add();
  // In nobody's name.
  self->probe_ = Connection::connect(loop, self, *self, timeout,
                                     client::told_proxy_header(self->proxy_protocol_, {}));
  if (self->probe_ != nullptr) return;
  if (net::is_peers_connect_failure(errno)) {
    self->health_.on_probe_failed(loop.now());
  } else {
    self->health_.on_probe_dropped(loop.now());
  }
}

void Endpoint::on_upstream_connected() {
  // What was opened without a preface is no connection to speak HTTP/2 on later.
  Connection::release(std::move(probe_),
                      speaks_http2_ ? Connection::kNotReusable : Connection::kRestAsConfigured);
}

void Endpoint::on_upstream_failed(const Failure& failure) {
  counters_.upstream_failures.add(failure.reason);
  health_.on_probe_failed(probe_->now());
  Connection::close(std::move(probe_));
}

// ---- Counts

void Endpoint::on_opened() {
  ++connections_open_;
  if (open_of_cluster_ != nullptr) ++*open_of_cluster_;
  counters_.upstream_connections_opened.add();
  counters_.upstream_connections_open.add();
}

void Endpoint::on_unsolicited_bytes(base::SteadyTime now) {
  if (!mistrust_) mistrust_.emplace(options_->mistrust);
  mistrust_->note(now);
  counters_.upstream_failures.add(reason::unsolicited_bytes);
}

void Endpoint::on_closed() {
  assert(connections_open_ > 0);
  --connections_open_;
  if (open_of_cluster_ != nullptr) --*open_of_cluster_;
  counters_.upstream_connections_open.subtract();
}

}  // namespace proxy::upstream
