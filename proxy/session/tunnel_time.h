#pragma once

#include <algorithm>
#include <chrono>

#include "proxy/config/model.h"
#include "proxy/session/options.h"

namespace proxy::session {

// How long both sides of a tunnel may be silent: as long as they all may, and longer where its
// route has its endpoint wait for longer than others do, as one must behind ingress-nginx. What a
// route says for answers that are due sooner is no reason to end what owes none.
inline std::chrono::milliseconds tunnel_idle(const Timeouts& timeouts,
                                             const config::Cluster& cluster) {
  static const config::Cluster kNothingSaid;
  const auto longest = std::max(cluster.read_timeout, cluster.send_timeout);
  const bool is_said = longest > std::max(kNothingSaid.read_timeout, kNothingSaid.send_timeout);
  return is_said ? std::max(longest, timeouts.tunnel_idle) : timeouts.tunnel_idle;
}

}  // namespace proxy::session
