#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "operator/api/edge_parameters.h"

namespace ingress {

// From JSON, here and not beside the value: the defaults of a class are judged as annotations are.
// What cannot be read is its problem.
base::Result<api::EdgeParameters> read_edge_parameters(const nlohmann::json& object);
// The same; invalid when there is a problem.
base::Result<api::EdgeParameters> sound_edge_parameters(const nlohmann::json& object);

}  // namespace ingress
