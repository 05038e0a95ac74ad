#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"

namespace kube {

// The objects of a YAML text (or JSON, which is YAML), as `kubectl apply` would send them: each
// document is one, a List is its items, an empty document none. Pure.
//
// invalid: says the line, or what is no object. The text's author need not mean well: aliases that
// multiply, and nesting, are bounded.
base::Result<std::vector<nlohmann::json>> read_yaml_objects(const std::string& text);

}  // namespace kube
