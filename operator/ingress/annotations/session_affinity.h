#pragma once

#include <optional>

#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// affinity: cookie and session-cookie-*. Nothing: no affinity is asked for. The path is empty where
// it is that of each route.
std::optional<proxy::config::StickyCookie> read_session_affinity(const AnnotationMap& annotations,
                                                                 Issues& issues);

// load-balance: true for the endpoint with the fewest requests, where nginx's "ewma" prefers the
// one that answers fastest.
bool read_prefers_least_requests(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
