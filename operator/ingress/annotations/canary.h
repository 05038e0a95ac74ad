#pragma once

#include <optional>

#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// Whether the Ingress is an addition to another one's routes (canary): it owns no host and claims
// no path. Also where the value cannot be read: it was meant for no more than a part.
bool is_canary(const AnnotationMap& annotations);

// Which requests of the other Ingress's routes a canary answers; the cluster is for the caller. A
// criterion that cannot be read sends nobody, and is told. Nothing: it is no canary.
std::optional<proxy::config::Split> read_canary(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
