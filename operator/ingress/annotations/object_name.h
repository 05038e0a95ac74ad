#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kube/object.h"
#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

// The Secret or ConfigMap (`kind`) that an annotation names: NAME, or NAMESPACE/NAME of the
// Ingress's own namespace. One of another namespace is refused, as ingress-nginx does when nothing
// is said: whoever may write Ingresses here need not be whom that object is for; `why_not` says so
// of what it holds. Nothing: there is an issue of this effect.
std::optional<kube::ObjectKey> read_object_name(const Found& found, std::string_view kind,
                                                const std::string& own_namespace,
                                                std::string_view why_not, Issue::Effect effect,
                                                Issues& issues);

}  // namespace ingress::annotations
