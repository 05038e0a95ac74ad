#include "operator/ingress/auth_secret_watches.h"

#include <nlohmann/json.hpp>

namespace ingress {

template class NamedObjectWatches<kube::Secret, AuthSecret>;

}  // namespace ingress
