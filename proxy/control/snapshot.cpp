#include "proxy/control/snapshot.h"

#include <utility>

#include "proxy/config/wire.h"

namespace proxy::control {

std::shared_ptr<const Snapshot> make_snapshot(config::ProxyConfig config) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->revision = config::revision_of(config);
  snapshot->routes = std::make_shared<const router::RouteTable>(config);
  snapshot->config = std::make_shared<const config::ProxyConfig>(std::move(config));
  return snapshot;
}

}  // namespace proxy::control
