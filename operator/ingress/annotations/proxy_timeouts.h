#pragma once

#include <chrono>

#include "operator/ingress/annotations/source.h"
#include "operator/routing/backend.h"

namespace ingress::annotations {

// No timeout is longer: a connection that nobody ends is a leak.
inline constexpr std::chrono::seconds kTimeoutMax = std::chrono::hours(24);

// proxy-connect-timeout, proxy-read-timeout, proxy-send-timeout; routing::Timeouts{} has
// ingress-nginx's defaults. defaults: of what is not said, or cannot be read.
routing::Timeouts read_proxy_timeouts(const AnnotationMap& annotations, Issues& issues,
                                      const routing::Timeouts& defaults = {});

}  // namespace ingress::annotations
