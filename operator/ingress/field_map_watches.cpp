#include "operator/ingress/field_map_watches.h"

#include <nlohmann/json.hpp>

namespace ingress {

template class NamedObjectWatches<kube::ConfigMap, FieldMap>;

}  // namespace ingress
