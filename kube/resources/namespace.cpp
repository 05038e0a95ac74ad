#include "kube/resources/namespace.h"

#include <nlohmann/json.hpp>

#include "kube/json_reader.h"

namespace kube {

const ResourceType& Namespace::type() {
  static const ResourceType type{"", "v1", "Namespace", "namespaces", false};
  return type;
}

base::Result<Namespace> Namespace::from_json(const nlohmann::json& object) {
  return read_object<Namespace>(type(), object, [](const JsonReader&, Namespace&) {});
}

}  // namespace kube
