#include "kube/resources/ingress_class.h"

#include <nlohmann/json.hpp>

#include "kube/json_reader.h"

namespace kube {

bool IngressClass::is_default() const {
  return metadata.annotation("ingressclass.kubernetes.io/is-default-class") == "true";
}

const ResourceType& IngressClass::type() {
  static const ResourceType type{"networking.k8s.io", "v1", "IngressClass", "ingressclasses",
                                 false};
  return type;
}

base::Result<IngressClass> IngressClass::from_json(const nlohmann::json& object) {
  return read_object<IngressClass>(
      type(), object, [](const JsonReader& reader, IngressClass& ingress_class) {
        ingress_class.controller = reader.object("spec").text("controller");
      });
}

}  // namespace kube
