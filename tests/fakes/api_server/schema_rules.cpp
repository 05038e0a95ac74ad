// The parts of a schema that are checked once, when it comes, and its CEL rules.

#include <algorithm>
#include <regex>

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/cel.h"
#include "tests/fakes/api_server/patch.h"
#include "tests/fakes/api_server/schema.h"

namespace fakes::api_server {
namespace {

std::string member_path(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

// The item of the older list that is the same one: only lists of type map can tell.
const Json* same_item(const Json* before, const Json& item, const Json& schema) {
  if (before == nullptr || !before->is_array() || list_type_of(schema) != "map") return nullptr;
  const auto keys = list_keys_of(schema);
  for (const Json& old : *before) {
    const bool is_same = std::all_of(keys.begin(), keys.end(), [&](const std::string& key) {
      const Json* a = field(old, {key});
      const Json* b = field(item, {key});
      return a != nullptr && b != nullptr && *a == *b;
    });
    if (is_same) return &old;
  }
  return nullptr;
}

Cause refused(const std::string& path, const Json& value, const Json& rule, std::string message) {
  if (message.empty()) message = text(rule, {"message"});
  if (message.empty()) message = "failed rule: " + text(rule, {"rule"});
  std::string reason = text(rule, {"reason"});
  if (reason.empty()) reason = "FieldValueInvalid";
  const std::string at = member_path(
      path, text(rule, {"fieldPath"}).empty() ? "" : text(rule, {"fieldPath"}).substr(1));
  const std::string field_path = text(rule, {"fieldPath"}).empty() ? path : at;
  if (reason == "FieldValueForbidden") return forbidden_value(field_path, message);
  if (reason == "FieldValueRequired") return required_value(field_path, message);
  // Kubernetes 1.36 shows scalars only; older ones wrote the type of an object or array instead.
  if (value.is_structured()) return {field_path, reason, "Invalid value: " + message};
  Cause cause = invalid_value(field_path, value, message);
  cause.reason = reason;
  return cause;
}

void check_rules(const Json& value, const Json* before, const Json& schema, const std::string& path,
                 std::vector<Cause>& faults) {
  if (const Json* rules = field(schema, {"x-kubernetes-validations"})) {
    for (const Json& rule : *rules) {
      const auto read = cel::Rule::read(text(rule, {"rule"}), schema);
      if (!read) {  // cannot be: its definition was checked
        faults.push_back(refused(path, value, rule, read.error()));
        continue;
      }
      if (read->uses_old_self() && before == nullptr) continue;
      const auto holds = read->holds(value, before);
      if (!holds) {
        faults.push_back(
            refused(path, value, rule,
                    "rule evaluation error: " + holds.error() + ": " + text(rule, {"rule"})));
      } else if (!*holds) {
        faults.push_back(refused(path, value, rule, ""));
      }
    }
  }
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      check_rules(member, before != nullptr ? field(*before, {name}) : nullptr,
                  schema_of_member(schema, name), member_path(path, name), faults);
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      check_rules(value[i], same_item(before, value[i], schema), schema_of_items(schema),
                  path + "[" + std::to_string(i) + "]", faults);
    }
  }
}

bool is_known_type(const std::string& type) {
  for (const char* known : {"string", "integer", "number", "boolean", "array", "object"}) {
    if (type == known) return true;
  }
  return false;
}

}  // namespace

std::vector<Cause> rule_faults(const Json& value, const Json* before, const Json& schema) {
  std::vector<Cause> faults;
  check_rules(value, before, schema, "", faults);
  return faults;
}

std::vector<Cause> unfit_schema_faults(const Json& schema, const std::string& at) {
  std::vector<Cause> faults;
  const auto below = [&faults](const Json& child, const std::string& path) {
    for (Cause& fault : unfit_schema_faults(child, path)) faults.push_back(std::move(fault));
  };
  if (!schema.is_object()) return {invalid_value(at, schema, "must be a schema")};
  const std::string type = text(schema, {"type"});
  const bool may_lack_type = schema.value("x-kubernetes-int-or-string", false) ||
                             schema.value("x-kubernetes-preserve-unknown-fields", false);
  if (type.empty() && !may_lack_type) {
    faults.push_back(required_value(at + ".type", "must not be empty for specified object fields"));
  } else if (!type.empty() && !is_known_type(type)) {
    faults.push_back(not_supported_value(
        at + ".type", type, {"array", "boolean", "integer", "number", "object", "string"}));
  }
  for (const char* beyond :
       {"oneOf", "anyOf", "allOf", "not", "$ref", "x-kubernetes-embedded-resource"}) {
    const bool is_int_or_string =
        schema.value("x-kubernetes-int-or-string", false) && std::string(beyond) == "anyOf";
    if (schema.contains(beyond) && !is_int_or_string) {
      faults.push_back(forbidden_value(at + "." + beyond,
                                       "the fake does not check this: it is "
                                       "refused and not ignored"));
    }
  }
  if (type == "array" && !schema.contains("items")) {
    faults.push_back(required_value(at + ".items", "must be specified"));
  }
  if (list_type_of(schema) == "map" && list_keys_of(schema).empty()) {
    faults.push_back(required_value(at + ".x-kubernetes-list-map-keys",
                                    "must be specified when x-kubernetes-list-type is map"));
  }
  if (const std::string pattern = text(schema, {"pattern"}); !pattern.empty()) {
    try {
      const std::regex readable(pattern);
    } catch (const std::regex_error&) {
      faults.push_back(
          invalid_value(at + ".pattern", pattern, "must be a valid regular expression"));
    }
  }
  if (const Json* rules = field(schema, {"x-kubernetes-validations"})) {
    for (std::size_t i = 0; i < rules->size(); ++i) {
      const std::string rule = text((*rules)[i], {"rule"});
      if (const auto read = cel::Rule::read(rule, schema); !read) {
        faults.push_back(
            invalid_value(at + ".x-kubernetes-validations[" + std::to_string(i) + "].rule", rule,
                          "compilation failed: " + read.error()));
      }
    }
  }
  if (const Json* properties = field(schema, {"properties"})) {
    for (const auto& [name, member] : properties->items()) {
      below(member, at + ".properties[" + name + "]");
    }
  }
  if (const Json* rest = field(schema, {"additionalProperties"}); rest && rest->is_object()) {
    if (schema.contains("properties")) {
      faults.push_back(forbidden_value(at + ".additionalProperties",
                                       "must not be used together with properties"));
    }
    below(*rest, at + ".additionalProperties");
  }
  if (const Json* items = field(schema, {"items"})) below(*items, at + ".items");
  return faults;
}

}  // namespace fakes::api_server
