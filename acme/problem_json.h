#pragma once

#include <nlohmann/json_fwd.hpp>

#include "acme/problem.h"

namespace acme {

// The problem in an already parsed value, such as a challenge's "error" (RFC 8555 §8). Fields of a
// wrong type are left out: what the server said is shown as far as it can be read.
Problem problem_from_json(const nlohmann::json& value, int status);

}  // namespace acme
