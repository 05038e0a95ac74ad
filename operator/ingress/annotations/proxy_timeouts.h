#pragma once

#include <chrono>

#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

// proxy-connect-timeout, proxy-read-timeout, proxy-send-timeout, with ingress-nginx's defaults.
struct ProxyTimeouts {
  std::chrono::seconds connect{5};
  std::chrono::seconds read{60};
  std::chrono::seconds send{60};
  bool operator==(const ProxyTimeouts&) const = default;
};

// No timeout is longer: a connection that nobody ends is a leak.
inline constexpr std::chrono::seconds kTimeoutMax = std::chrono::hours(24);

// defaults: of what is not said, or cannot be read.
ProxyTimeouts read_proxy_timeouts(const AnnotationMap& annotations, Issues& issues,
                                  const ProxyTimeouts& defaults = {});

}  // namespace ingress::annotations
