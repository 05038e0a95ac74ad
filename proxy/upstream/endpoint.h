#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "proxy/admin/counters.h"
#include "proxy/net/socket_address.h"
#include "proxy/upstream/connection.h"

namespace proxy::upstream {

struct PoolOptions {
  std::chrono::milliseconds idle_timeout{30'000};
  std::size_t idle_max = 512;  // connections per endpoint and worker
};

// One worker's view of one endpoint: its idle connections, and how many requests it has under way.
class Endpoint {
 public:
  Endpoint(const net::SocketAddress& address, const PoolOptions& options,
           admin::WorkerCounters& counters);

  const net::SocketAddress& address() const { return address_; }
  const std::string& name() const { return name_; }  // "10.1.2.3:8080"

  // The connection that was used last; it is the least likely to have been closed meanwhile.
  // Nothing when none is idle.
  std::unique_ptr<Connection> take_idle(Connection::User& user);
  std::uint32_t requests_active() const { return requests_active_; }
  void request_begins() { ++requests_active_; }
  void request_ends() { --requests_active_; }

  // It left the configuration: idle connections are closed, the others when their request ends.
  void retire();

 private:
  friend class Connection;
  void keep(std::unique_ptr<Connection> connection);
  void discard(Connection& idle);
  void on_opened();
  void on_closed();

  net::SocketAddress address_;
  std::string name_;
  const PoolOptions& options_;
  admin::WorkerCounters& counters_;
  std::vector<std::unique_ptr<Connection>> idle_;  // the last one used is the last
  std::uint32_t requests_active_ = 0;
  bool retired_ = false;
};

}  // namespace proxy::upstream
