#pragma once

#include <vector>

#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// upstream-hash-by: those of nginx's variables that the proxy knows, one or several. Empty: nothing
// is asked for.
std::vector<proxy::config::HashPart> read_upstream_hash_by(const AnnotationMap& annotations,
                                                           Issues& issues);

}  // namespace ingress::annotations
