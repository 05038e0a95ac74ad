#include "proxy/upstream/endpoint.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "proxy/upstream/place_hash.h"

namespace proxy::upstream {

Endpoint::Endpoint(const net::SocketAddress& address, const PoolOptions& options,
                   admin::WorkerCounters& counters, std::shared_ptr<tls::ClientContext> tls)
    : address_(address),
      name_(address.text()),
      place_hash_(add_to_hash(kHashBasis, name_)),
      options_(options),
      counters_(counters),
      tls_(std::move(tls)),
      mistrust_(options.mistrust) {}

std::unique_ptr<Connection> Endpoint::take_idle(Connection::User& user) {
  while (!idle_.empty()) {
    const base::SteadyTime now = idle_.newest().now();
    const bool is_wary = mistrust_.has_cause(now);
    Connection& next = is_wary ? idle_.oldest() : idle_.newest();
    if (is_wary && !mistrust_.is_on(now) && !mistrust_.allows(now, next.rests_since())) {
      return nullptr;
    }
    std::unique_ptr<Connection> connection = idle_.take(next);
    if (mistrust_.is_on(now)) {
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
  if (retired_ || mistrust_.is_on(connection->now()) || idle_.size() >= options_.idle_max) {
    Connection::close(std::move(connection));
    return;
  }
  connection->rest_in_pool(std::min(options_.idle_timeout, rest_max));
  idle_.put(std::move(connection));
}

void Endpoint::discard(Connection& idle) {
  Connection::close(idle_.take(idle));
}

void Endpoint::retire() {
  change_health([&] { health_.on_connected(); });
  retired_ = true;
  while (!idle_.empty()) Connection::close(idle_.take(idle_.newest()));
  if (probe_ != nullptr) Connection::close(std::move(probe_));
}

bool Endpoint::close_an_idle_connection() {
  if (idle_.empty()) return false;
  discard(idle_.newest());
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
  self->probe_ = Connection::connect(loop, self, *self, timeout);
  if (self->probe_ != nullptr) return;
  if (net::is_peers_connect_failure(errno)) {
    self->health_.on_probe_failed(loop.now());
  } else {
    self->health_.on_probe_dropped(loop.now());
  }
}

void Endpoint::on_upstream_connected() {
  Connection::release(std::move(probe_), Connection::kRestAsConfigured);
}

void Endpoint::on_upstream_failed(const Failure& failure) {
  counters_.upstream_failures.add(failure.reason);
  health_.on_probe_failed(probe_->now());
  Connection::close(std::move(probe_));
}

// ---- Counts

void Endpoint::on_opened() {
  counters_.upstream_connections_opened.add();
  counters_.upstream_connections_open.add();
}

void Endpoint::on_unsolicited_bytes(base::SteadyTime now) {
  mistrust_.note(now);
  counters_.upstream_failures.add("unsolicited_bytes");
}

void Endpoint::on_closed() {
  counters_.upstream_connections_open.subtract();
}

}  // namespace proxy::upstream
