#include "kube/resources/ingress.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "kube/json_reader.h"
#include "kube/resources/load_balancer_reader.h"

namespace kube {

namespace {

IngressBackend read_backend(const JsonReader& backend) {
  IngressBackend read;
  if (backend.has("service")) {
    const JsonReader service = backend.object("service");
    const JsonReader port = service.object("port");
    read.service = {service.text("name"), port.text("name"),
                    static_cast<std::int32_t>(port.integer("number", 0, 65535))};
  }
  if (backend.has("resource")) {
    const JsonReader resource = backend.object("resource");
    read.resource = IngressResourceBackend{resource.text("apiGroup"), resource.text("kind"),
                                           resource.text("name")};
  }
  return read;
}

PathType read_path_type(const JsonReader& path) {
  const std::string written = path.text("pathType");
  if (written == "Exact") return PathType::exact;
  if (written == "Prefix") return PathType::prefix;
  if (written != "ImplementationSpecific" && !written.empty()) {
    path.complain("pathType", "must be Exact, Prefix or ImplementationSpecific");
  }
  return PathType::implementation_specific;
}

IngressRule read_rule(const JsonReader& rule) {
  IngressRule read;
  read.host = rule.text("host");
  rule.object("http").each("paths", [&read](const JsonReader& path) {
    read.paths.push_back(
        {path.text("path"), read_path_type(path), read_backend(path.object("backend"))});
  });
  read.paths.shrink_to_fit();
  return read;
}

// What tools that deploy note down for themselves, some of them the whole object once more: Helm,
// Argo CD, kapp, and Rancher, which writes where each Ingress is reached.
constexpr std::array<std::string_view, 5> kNotesOfTools = {
    "meta.helm.sh/", "argocd.argoproj.io/", "kapp.k14s.io/", "objectset.rio.cattle.io/",
    "field.cattle.io/"};

bool is_note_of_a_tool(std::string_view annotation) {
  return std::any_of(kNotesOfTools.begin(), kNotesOfTools.end(),
                     [&](std::string_view of_tool) { return annotation.starts_with(of_tool); });
}

// Nobody reads them here, and thousands of objects have them. The names of annotations are read:
// whoever runs the cluster may refuse Ingresses that have them.
void drop_what_nobody_reads(ObjectMeta& metadata) {
  metadata.labels.clear();
  for (auto& [name, value] : metadata.annotations) {
    if (!is_note_of_a_tool(name)) continue;
    // Unlike an assignment this gives the memory back.
    std::string().swap(value);
  }
}

}  // namespace

const ResourceType& Ingress::type() {
  static const ResourceType type{"networking.k8s.io", "v1", "Ingress", "ingresses", true};
  return type;
}

base::Result<Ingress> Ingress::from_json(const nlohmann::json& object) {
  return read_object<Ingress>(type(), object, [](const JsonReader& reader, Ingress& ingress) {
    drop_what_nobody_reads(ingress.metadata);
    const JsonReader spec = reader.object("spec");
    ingress.ingress_class_name = spec.optional_text("ingressClassName");
    if (spec.has("defaultBackend")) {
      ingress.default_backend = read_backend(spec.object("defaultBackend"));
    }
    spec.each("rules", [&](const JsonReader& rule) { ingress.rules.push_back(read_rule(rule)); });
    spec.each("tls", [&](const JsonReader& entry) {
      ingress.tls.push_back({entry.texts("hosts"), entry.text("secretName")});
    });
    // Lists that grew one by one have room for up to twice as much.
    ingress.rules.shrink_to_fit();
    ingress.tls.shrink_to_fit();
    ingress.load_balancer = read_load_balancer(reader);
  });
}

}  // namespace kube
