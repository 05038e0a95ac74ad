#pragma once

#include <string>

#include "tests/fakes/api_server/object.h"

namespace fakes::kubectl_lite {

// An object and its Events (core/v1), laid out as "kubectl describe" lays out a custom one. What a
// Secret holds is shown by size only.
std::string described(const api_server::Json& object, const api_server::Json& events);

// As YAML text, for -o yaml.
std::string yaml_text(const api_server::Json& object);

}  // namespace fakes::kubectl_lite
