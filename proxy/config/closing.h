#pragma once

#include <string>
#include <variant>

#include "proxy/config/model.h"

// What becomes of a place of which a guard is not known, to the operator that leaves it out or to
// the proxy that cannot read it: nobody comes through.
namespace proxy::config {

inline Action closed_by_unknown_guard() {
  return FixedAnswer{503, "unknown_guard"};
}

inline void close(FixedAnswer& answer) {
  answer = std::get<FixedAnswer>(closed_by_unknown_guard());
}
inline void close(Route& route) {
  route.action = closed_by_unknown_guard();
}
inline void close(DefaultRoute& route) {
  route.action = closed_by_unknown_guard();
}
inline void close(ExpressionRoute& route) {
  route.action = closed_by_unknown_guard();
}
inline void close(VirtualHost& host) {
  for (Route& route : host.routes) close(route);
  for (ExpressionRoute& route : host.expressions) close(route);
  if (host.default_route) close(*host.default_route);
}
inline void close(Guards& guards) {
  guards.closed = true;
}
// A text that cannot be read lets nobody pass.
inline void close(ExternalAuth& auth) {
  auth.target.assign(1, '$');
}
// Each request has a score of 0. Where nothing is refused, nothing is closed.
inline void close(Firewall& firewall) {
  if (firewall.mode != FirewallMode::block) return;
  firewall.anomaly_threshold = 0;
  firewall.passes_uninspected = false;
}
// Authorities that cannot be read stand for nobody.
inline void close(BackendTls& tls) {
  tls.trusted_pem = std::string("-");
}
inline void close(Cluster& cluster) {
  cluster.endpoints.clear();
  cluster.leaving.clear();
}

}  // namespace proxy::config
