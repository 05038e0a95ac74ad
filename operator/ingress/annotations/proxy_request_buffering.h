#pragma once

#include <optional>

#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

// proxy-request-buffering: whether a request's body is gathered before an endpoint is chosen for
// it. Nothing when it is not said.
std::optional<bool> read_proxy_request_buffering(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
