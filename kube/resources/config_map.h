#pragma once

#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kube/object.h"

namespace kube {

// core/v1 ConfigMap: its texts; binaryData is not read.
struct ConfigMap {
  ObjectMeta metadata;
  std::map<std::string, std::string> data;

  static const ResourceType& type();
  static base::Result<ConfigMap> from_json(const nlohmann::json& object);
};

}  // namespace kube
