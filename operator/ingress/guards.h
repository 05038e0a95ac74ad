#pragma once

#include "operator/ingress/annotations/route_policy.h"
#include "proxy/config/model.h"

namespace ingress {

// What this policy guards; none where it guards nothing.
proxy::config::Guards guards_of(const annotations::RoutePolicy& policy);

}  // namespace ingress
