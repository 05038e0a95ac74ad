#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/config/model.h"
#include "proxy/router/route_table.h"

namespace proxy::control {

// One complete, valid state of the proxy. Immutable; shared by all workers and by the connections
// that began under it.
struct Snapshot {
  std::string revision;
  std::shared_ptr<const config::ProxyConfig> config;
  std::shared_ptr<const router::RouteTable> routes;
};

// `config` must be valid (config::validate), and `revision` a revision of it. What it has in common
// with `previous`, which may be nullptr, is shared, and the rest is what it costs.
std::shared_ptr<const Snapshot> make_snapshot(config::ProxyConfig config, std::string revision,
                                              const Snapshot* previous = nullptr);
std::shared_ptr<const Snapshot> make_snapshot(config::ProxyConfig config);  // computes it

// Who puts a state to work.
class ConfigSink {
 public:
  virtual ~ConfigSink() = default;

  // Called on the source's thread, one call at a time, in order. Returns when every worker serves
  // the new state: that is what the next poll acknowledges. An error says why the state cannot be
  // served; the old one then stays in place, and the operator is told.
  virtual base::Status publish(std::shared_ptr<const Snapshot> snapshot) = 0;

  // What session tickets are sealed with from now on, as the operator gives it to all proxies; the
  // first seals. Called on the source's thread. An error: the keys before it stay.
  virtual base::Status use_ticket_keys(const std::vector<std::string>& newest_first) {
    (void)newest_first;
    return {};
  }

  // How many proxies are ready, this one among them, as the operator says: each lets its share of a
  // limit pass. Called on the source's thread.
  virtual void on_proxies(std::uint32_t /*count*/) {}

  // A state was refused, by publish() or before it came so far; for the count.
  virtual void on_refused() {}

  // What the live state asks for and cannot be served, a sentence; empty: nothing. Until then the
  // proxy is not ready.
  virtual void on_incomplete(std::string /*problem*/) {}
};

}  // namespace proxy::control
