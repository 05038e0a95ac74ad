#include "proxy/control/snapshot.h"

#include <utility>

#include "proxy/config/wire.h"

namespace proxy::control {

std::shared_ptr<const Snapshot> make_snapshot(config::ProxyConfig config, std::string revision,
                                              const Snapshot* previous) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->revision = std::move(revision);
  snapshot->routes = std::make_shared<const router::RouteTable>(
      config, previous == nullptr ? nullptr : previous->routes.get());
  snapshot->config = std::make_shared<const config::ProxyConfig>(std::move(config));
  return snapshot;
}

std::shared_ptr<const Snapshot> make_snapshot(config::ProxyConfig config) {
  std::string revision = config::revision_of(config);
  return make_snapshot(std::move(config), std::move(revision));
}

}  // namespace proxy::control
