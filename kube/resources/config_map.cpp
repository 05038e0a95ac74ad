#include "kube/resources/config_map.h"

#include <nlohmann/json.hpp>

#include "kube/json_reader.h"

namespace kube {

const ResourceType& ConfigMap::type() {
  static const ResourceType type{"", "v1", "ConfigMap", "configmaps", true};
  return type;
}

base::Result<ConfigMap> ConfigMap::from_json(const nlohmann::json& object) {
  return read_object<ConfigMap>(type(), object, [](const JsonReader& reader, ConfigMap& map) {
    map.data = reader.text_map("data");
  });
}

}  // namespace kube
