#pragma once

#include <optional>

#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// proxy-next-upstream, proxy-next-upstream-tries, proxy-next-upstream-timeout, with ingress-nginx's
// defaults for those of them that are not said. Nothing: none is.
std::optional<proxy::config::NextUpstream> read_next_upstream(const AnnotationMap& annotations,
                                                              Issues& issues);

}  // namespace ingress::annotations
