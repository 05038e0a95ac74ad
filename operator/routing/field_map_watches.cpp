#include "operator/routing/field_map_watches.h"

#include <nlohmann/json.hpp>

namespace routing {

template class NamedObjectWatches<kube::ConfigMap, FieldMap>;

}  // namespace routing
