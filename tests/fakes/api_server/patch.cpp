#include "tests/fakes/api_server/patch.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace fakes::api_server {

Answer<Json> json_patched(const Json& object, const Json& patch) {
  if (!patch.is_array()) {
    return refuse(bad_request("error decoding patch: a JSON patch is a list of operations"));
  }
  try {
    return object.patch(patch);
  } catch (const nlohmann::json::exception& e) {
    Refusal refusal{422, "Invalid", std::string("the server rejected our request: ") + e.what()};
    return refuse(std::move(refusal));
  }
}

Json merge_patched(const Json& object, const Json& patch) {
  Json merged = object;
  merged.merge_patch(patch);
  return merged;
}

const Json& metadata_schema() {
  static const Json schema = {
      {"type", "object"},
      {"properties",
       {{"finalizers", {{"type", "array"}, {"x-kubernetes-list-type", "set"}}},
        {"ownerReferences",
         {{"type", "array"},
          {"x-kubernetes-list-type", "map"},
          {"x-kubernetes-list-map-keys", {"uid"}},
          {"items", {{"type", "object"}, {"x-kubernetes-map-type", "atomic"}}}}}}}};
  return schema;
}

namespace {
const Json unknown;
}

const Json& schema_of_member(const Json& schema, const std::string& name) {
  if (const Json* known = field(schema, {"properties", name})) return *known;
  if (const Json* rest = field(schema, {"additionalProperties"}); rest && rest->is_object()) {
    return *rest;
  }
  return unknown;
}

const Json& schema_of_items(const Json& schema) {
  const Json* items = field(schema, {"items"});
  return items != nullptr && items->is_object() ? *items : unknown;
}

std::string list_type_of(const Json& schema) {
  const std::string type = text(schema, {"x-kubernetes-list-type"});
  return type.empty() ? "atomic" : type;
}

std::vector<std::string> list_keys_of(const Json& schema) {
  const Json* keys = field(schema, {"x-kubernetes-list-map-keys"});
  return keys != nullptr ? keys->get<std::vector<std::string>>() : std::vector<std::string>();
}

namespace {

Answer<Json> merged_value(const Json& live, const Json& patch, const Json& schema);

// The patch merge key of the older mechanism is the first of the list-map keys.
Answer<Json> merged_list(const Json& live, const Json& patch, const Json& schema) {
  const std::string type = list_type_of(schema);
  if (type == "set") {
    Json merged = live;
    for (const Json& item : patch) {
      if (std::find(merged.begin(), merged.end(), item) == merged.end()) merged.push_back(item);
    }
    return merged;
  }
  const auto keys = list_keys_of(schema);
  if (type != "map" || keys.empty()) return patch;
  const std::string& key = keys.front();
  Json merged = live;
  const bool replaces = std::any_of(patch.begin(), patch.end(), [](const Json& item) {
    return item.is_object() && item.size() == 1 && text(item, {"$patch"}) == "replace";
  });
  if (replaces) merged = Json::array();
  for (const Json& item : patch) {
    if (!item.is_object()) return refuse(bad_request("a list item of the patch is no object"));
    if (replaces && item.size() == 1 && item.contains("$patch")) continue;
    if (!item.contains(key)) {
      return refuse(
          bad_request("map: " + item.dump() + " does not contain declared merge key: " + key));
    }
    const auto found = std::find_if(merged.begin(), merged.end(), [&](const Json& one) {
      return one.is_object() && one.contains(key) && one[key] == item[key];
    });
    if (text(item, {"$patch"}) == "delete") {
      if (found != merged.end()) merged.erase(found);
      continue;
    }
    auto value = merged_value(found == merged.end() ? Json::object() : *found, item,
                              schema_of_items(schema));
    if (!value) return value;
    if (found == merged.end()) {
      merged.push_back(std::move(*value));
    } else {
      *found = std::move(*value);
    }
  }
  return merged;
}

Answer<Json> merged_value(const Json& live, const Json& patch, const Json& schema) {
  if (patch.is_array() && live.is_array()) return merged_list(live, patch, schema);
  if (!patch.is_object()) return patch;
  const std::string directive = text(patch, {"$patch"});
  if (directive == "delete") return Json();
  Json merged = live.is_object() && directive != "replace" ? live : Json::object();
  if (const Json* kept = field(patch, {"$retainKeys"})) {
    for (auto it = merged.begin(); it != merged.end();) {
      const bool is_kept = std::find(kept->begin(), kept->end(), Json(it.key())) != kept->end();
      it = is_kept ? std::next(it) : merged.erase(it);
    }
  }
  constexpr std::string_view delete_from = "$deleteFromPrimitiveList/";
  for (const auto& [name, value] : patch.items()) {
    if (name.starts_with(delete_from)) {
      Json& list = merged[name.substr(delete_from.size())];
      for (const Json& gone : value) {
        list.erase(std::remove(list.begin(), list.end(), gone), list.end());
      }
    }
    if (name.starts_with("$")) continue;
    if (value.is_null()) {
      merged.erase(name);
      continue;
    }
    const Json& below = schema_of_member(schema, name);
    auto member = merged_value(merged.contains(name) ? merged[name] : Json(), value, below);
    if (!member) return member;
    if (member->is_null()) {
      merged.erase(name);
    } else {
      merged[name] = std::move(*member);
    }
  }
  return merged;
}

}  // namespace

Answer<Json> strategic_merge_patched(const Json& object, const Json& patch, const Json& schema) {
  if (!patch.is_object()) return refuse(bad_request("error decoding patch: it is no object"));
  Json whole = schema.is_object() ? schema : Json::object();
  whole["properties"]["metadata"] = metadata_schema();
  return merged_value(object, patch, whole);
}

}  // namespace fakes::api_server
