#pragma once

#include <optional>

#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// limit-rps, limit-rpm, limit-connections, with limit-burst-multiplier and limit-allowlist (or
// limit-whitelist, which is its older name); without the id, which is the Ingress's. Nothing: there
// is no limit, or none for anybody.
//
// They guard: a number or a list that cannot be read closes the Ingress.
std::optional<proxy::config::Limits> read_limits(const AnnotationMap& annotations, Issues& issues);

// limit-status: 429 or 503, of who is beyond. Nothing: it does not say.
std::optional<int> read_limit_status(const AnnotationMap& annotations, Issues& issues);

// limit-rate and limit-rate-after, in KiB (a second, and in all) of one response. They guard, too.
std::optional<proxy::config::Pace> read_pace(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
