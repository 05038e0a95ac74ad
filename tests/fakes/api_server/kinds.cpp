#include "tests/fakes/api_server/kinds.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/json_path.h"

namespace fakes::api_server {

Kinds::Kinds() : all_(builtin_kinds()) {}

KindPtr Kinds::find(std::string_view group, std::string_view version,
                    std::string_view plural) const {
  for (const KindPtr& kind : all_) {
    if (kind->plural == plural && kind->group == group && kind->version == version) return kind;
  }
  return nullptr;
}

std::vector<std::string> Kinds::versions_of(std::string_view group) const {
  std::vector<std::string> versions;
  for (const KindPtr& kind : all_) {
    if (kind->group == group &&
        std::find(versions.begin(), versions.end(), kind->version) == versions.end()) {
      versions.push_back(kind->version);
    }
  }
  return versions;
}

namespace {

std::vector<std::string> strings(const Json* list) {
  return list != nullptr && list->is_array() ? list->get<std::vector<std::string>>()
                                             : std::vector<std::string>();
}

std::vector<Column> custom_columns(const Json& version) {
  const Json* columns = field(version, {"additionalPrinterColumns"});
  if (columns == nullptr || columns->empty()) return default_columns();
  std::vector<Column> result{default_columns().front()};
  for (const Json& column : *columns) {
    const std::string path = text(column, {"jsonPath"});
    result.push_back({column.value("name", ""), column.value("type", "string"),
                      column.value("priority", 0),
                      [path](const Json& object) { return first_at_path(object, path); }});
  }
  return result;
}

KindPtr custom_kind(const Json& definition, const Json& version) {
  const Json& spec = definition.at("spec");
  const Json& names = spec.at("names");
  auto kind = std::make_shared<Kind>();
  kind->group = text(spec, {"group"});
  kind->version = text(version, {"name"});
  kind->kind = text(names, {"kind"});
  kind->list_kind = names.value("listKind", kind->kind + "List");
  kind->plural = text(names, {"plural"});
  kind->singular = text(names, {"singular"});
  kind->short_names = strings(field(names, {"shortNames"}));
  kind->categories = strings(field(names, {"categories"}));
  kind->is_namespaced = text(spec, {"scope"}) == "Namespaced";
  kind->has_status = field(version, {"subresources", "status"}) != nullptr;
  kind->has_generation = true;
  kind->is_custom = true;
  kind->needs_version_to_update = true;
  kind->storage = kind->group + "/" + kind->plural;
  kind->columns = custom_columns(version);
  if (const Json* schema = field(version, {"schema", "openAPIV3Schema"})) {
    kind->schema = std::make_shared<const Json>(*schema);
  }
  return kind;
}

}  // namespace

void Kinds::add_custom(const Json& definition) {
  remove_custom(definition);
  for (const Json& version : definition.at("spec").at("versions")) {
    if (version.value("served", true)) all_.push_back(custom_kind(definition, version));
  }
}

void Kinds::remove_custom(const Json& definition) {
  const std::string storage =
      text(definition, {"spec", "group"}) + "/" + text(definition, {"spec", "names", "plural"});
  std::erase_if(all_, [&storage](const KindPtr& kind) {
    return kind->is_custom && kind->storage == storage;
  });
}

namespace {

// events.k8s.io/v1 name, core/v1 name.
constexpr std::pair<const char*, const char*> event_names[] = {
    {"note", "message"},
    {"regarding", "involvedObject"},
    {"reportingController", "reportingComponent"},
    {"deprecatedSource", "source"},
    {"deprecatedFirstTimestamp", "firstTimestamp"},
    {"deprecatedLastTimestamp", "lastTimestamp"},
    {"deprecatedCount", "count"},
};

void rename(Json& object, const char* from, const char* to) {
  const auto found = object.find(from);
  if (found == object.end()) return;
  Json value = std::move(*found);
  object.erase(found);
  object[to] = std::move(value);
}

}  // namespace

Json to_served(const Kind& kind, const Json& stored) {
  Json served = stored;
  served["apiVersion"] = kind.api_version();
  served["kind"] = kind.kind;
  if (kind.storage == "/events" && kind.group == "events.k8s.io") {
    for (const auto& [newer, older] : event_names) rename(served, older, newer);
  }
  return served;
}

Json to_stored(const Kind& kind, Json served) {
  if (kind.storage == "/events" && kind.group == "events.k8s.io") {
    for (const auto& [newer, older] : event_names) rename(served, newer, older);
  }
  return served;
}

}  // namespace fakes::api_server
