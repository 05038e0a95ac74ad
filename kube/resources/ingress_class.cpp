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
        const JsonReader spec = reader.object("spec");
        ingress_class.controller = spec.text("controller");
        if (!spec.has("parameters")) return;
        const JsonReader reference = spec.object("parameters");
        ingress_class.parameters =
            IngressClassParameters{reference.text("apiGroup"), reference.text("kind"),
                                   reference.text("name"), reference.text("namespace")};
      });
}

}  // namespace kube
