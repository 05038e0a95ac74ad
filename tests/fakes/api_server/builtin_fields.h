#pragma once

#include <string>
#include <vector>

#include "tests/fakes/api_server/kinds.h"

namespace fakes::api_server {

// The decoder of built-in kinds: takes away the fields that k8s.io/api does not know and says where
// they were; a field of a wrong JSON type is the 400 that Go's decoder makes. Pods, Nodes and
// CustomResourceDefinitions are looked at only at their top.
Answer<std::vector<std::string>> decode_builtin(const Kind& kind, Json& object);

}  // namespace fakes::api_server
