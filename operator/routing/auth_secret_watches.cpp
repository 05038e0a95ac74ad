#include "operator/routing/auth_secret_watches.h"

#include <nlohmann/json.hpp>

namespace routing {

template class NamedObjectWatches<kube::Secret, AuthSecret>;

}  // namespace routing
