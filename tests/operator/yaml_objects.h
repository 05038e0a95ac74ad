#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace operator_test {

// The documents of a YAML file as the API server would give them. A file that cannot be read ends
// the test program.
std::vector<nlohmann::json> read_yaml_objects(const std::string& path);

}  // namespace operator_test
