#pragma once

#include "proxy/admin/access_log.h"
#include "proxy/session/live_state.h"
#include "proxy/session/reach.h"
#include "proxy/session/scratch.h"
#include "proxy/session/standing.h"
#include "proxy/upstream/cluster.h"

namespace proxy::session {

// What it takes to bring something to an endpoint by the configuration, be it a request or a
// connection whose TLS ends there. All of it outlives whoever has it. One worker's thread only.
struct Serving {
  const LiveState& live;
  const Standing& standing;
  upstream::Clusters& clusters;
  Reach& reach;
  Scratch& scratch;
  admin::AccessLog::Lines& access_lines;
};

}  // namespace proxy::session
