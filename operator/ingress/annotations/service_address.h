#pragma once

#include <optional>
#include <string_view>

#include "kube/object.h"

namespace ingress::annotations {

// The Service that a host names within the cluster, "NAME.NAMESPACE.svc" or
// "NAME.NAMESPACE.svc.cluster.local"; nothing: it is no Service's.
std::optional<kube::ObjectKey> service_named_by(std::string_view host);

}  // namespace ingress::annotations
