#pragma once

#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// max-requests-per-endpoint, max-connections-per-endpoint, eject-after and slow-start. What is not
// said, says no or cannot be read is as the proxies were told.
proxy::config::EndpointRules read_endpoint_rules(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
