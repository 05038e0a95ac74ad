#include "tests/fakes/api_server/definition.h"

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/schema.h"

namespace fakes::api_server {

Answer<void> check_definition(const Kind& kind, const Json& object) {
  if (kind.kind != "CustomResourceDefinition") return {};
  std::vector<Cause> faults;
  const std::string group = text(object, {"spec", "group"});
  const std::string plural = text(object, {"spec", "names", "plural"});
  if (group.empty()) faults.push_back(required_value("spec.group"));
  if (plural.empty()) faults.push_back(required_value("spec.names.plural"));
  if (text(object, {"spec", "names", "kind"}).empty()) {
    faults.push_back(required_value("spec.names.kind"));
  }
  if (name_of(object) != plural + "." + group) {
    faults.push_back(invalid_value("metadata.name", name_of(object),
                                   "must be spec.names.plural+\".\"+spec.group"));
  }
  const std::string scope = text(object, {"spec", "scope"});
  if (scope != "Namespaced" && scope != "Cluster") {
    faults.push_back(not_supported_value("spec.scope", scope, {"\"Cluster\"", "\"Namespaced\""}));
  }
  const Json* versions = field(object, {"spec", "versions"});
  if (versions == nullptr || !versions->is_array() || versions->empty()) {
    faults.push_back(required_value("spec.versions", "must have at least one version"));
  }
  int stored = 0;
  for (std::size_t i = 0; versions != nullptr && i < versions->size(); ++i) {
    const std::string at = "spec.versions[" + std::to_string(i) + "]";
    const Json& version = (*versions)[i];
    if (version.value("storage", false)) ++stored;
    if (text(version, {"name"}).empty()) faults.push_back(required_value(at + ".name"));
    const Json* schema = field(version, {"schema", "openAPIV3Schema"});
    if (schema == nullptr) {
      faults.push_back(required_value(at + ".schema.openAPIV3Schema", "schemas are required"));
    } else {
      for (Cause& fault : unfit_schema_faults(*schema, at + ".schema.openAPIV3Schema")) {
        faults.push_back(std::move(fault));
      }
    }
  }
  if (versions != nullptr && stored != 1) {
    faults.push_back(invalid_value("spec.versions", Json::array(),
                                   "must have exactly one version marked as storage version"));
  }
  if (faults.empty()) return {};
  return refuse(invalid(kind.group, kind.kind, name_of(object), std::move(faults)));
}

void establish(Json& definition) {
  const Json& names = definition["spec"]["names"];
  Json accepted = names;
  if (text(accepted, {"singular"}).empty()) {
    std::string singular = text(names, {"kind"});
    for (char& c : singular) c = static_cast<char>(std::tolower(c));
    accepted["singular"] = singular;
    definition["spec"]["names"]["singular"] = singular;
  }
  if (text(accepted, {"listKind"}).empty()) {
    accepted["listKind"] = text(names, {"kind"}) + "List";
    definition["spec"]["names"]["listKind"] = accepted["listKind"];
  }
  Json& status = definition["status"];
  status["acceptedNames"] = accepted;
  status["storedVersions"] = Json::array();
  for (const Json& version : definition["spec"]["versions"]) {
    if (version.value("storage", false)) status["storedVersions"].push_back(version["name"]);
  }
  if (status.contains("conditions")) return;
  const std::string now = now_text();
  status["conditions"] = {{{"type", "NamesAccepted"},
                           {"status", "True"},
                           {"lastTransitionTime", now},
                           {"reason", "NoConflicts"},
                           {"message", "no conflicts found"}},
                          {{"type", "Established"},
                           {"status", "True"},
                           {"lastTransitionTime", now},
                           {"reason", "InitialNamesAccepted"},
                           {"message", "the initial names have been accepted"}}};
}

}  // namespace fakes::api_server
