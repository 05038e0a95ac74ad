#include "tests/operator/yaml_objects.h"

#include <cstdint>

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

namespace operator_test {
namespace {

nlohmann::json scalar(const YAML::Node& node) {
  if (node.Tag() == "!") return node.Scalar();  // quoted
  std::int64_t number = 0;
  if (YAML::convert<std::int64_t>::decode(node, number)) return number;
  bool truth = false;
  if (YAML::convert<bool>::decode(node, truth)) return truth;
  return node.Scalar();
}

nlohmann::json to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    nlohmann::json object = nlohmann::json::object();
    for (const auto& entry : node) object[entry.first.Scalar()] = to_json(entry.second);
    return object;
  }
  if (node.IsSequence()) {
    nlohmann::json array = nlohmann::json::array();
    for (const auto& entry : node) array.push_back(to_json(entry));
    return array;
  }
  return node.IsScalar() ? scalar(node) : nlohmann::json();
}

}  // namespace

std::vector<nlohmann::json> read_yaml_objects(const std::string& path) {
  std::vector<nlohmann::json> objects;
  for (const YAML::Node& document : YAML::LoadAllFromFile(path)) {
    if (document.IsMap()) objects.push_back(to_json(document));
  }
  return objects;
}

}  // namespace operator_test
