#include "proxy/upstream/endpoint.h"

#include <algorithm>
#include <utility>

namespace proxy::upstream {

Endpoint::Endpoint(const net::SocketAddress& address, const PoolOptions& options,
                   admin::WorkerCounters& counters)
    : address_(address), name_(address.text()), options_(options), counters_(counters) {}

std::unique_ptr<Connection> Endpoint::take_idle(Connection::User& user) {
  if (idle_.empty()) return nullptr;
  std::unique_ptr<Connection> connection = std::move(idle_.back());
  idle_.pop_back();
  connection->take_from_pool(user);
  counters_.upstream_reused.add();
  return connection;
}

void Endpoint::keep(std::unique_ptr<Connection> connection) {
  if (retired_ || idle_.size() >= options_.idle_max) {
    Connection::close(std::move(connection));
    return;
  }
  connection->rest_in_pool(options_.idle_timeout);
  idle_.push_back(std::move(connection));
}

void Endpoint::discard(Connection& idle) {
  const auto found = std::find_if(idle_.begin(), idle_.end(),
                                  [&](const auto& held) { return held.get() == &idle; });
  if (found == idle_.end()) return;
  std::unique_ptr<Connection> connection = std::move(*found);
  idle_.erase(found);
  Connection::close(std::move(connection));
}

void Endpoint::retire() {
  retired_ = true;
  for (auto& connection : std::exchange(idle_, {})) Connection::close(std::move(connection));
}

void Endpoint::on_opened() {
  counters_.upstream_connections_opened.add();
  counters_.upstream_connections_open.add();
}

void Endpoint::on_closed() {
  counters_.upstream_connections_open.subtract();
}

}  // namespace proxy::upstream
