#include "tests/fakes/api_server/schema.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <regex>
#include <set>

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/admission.h"
#include "tests/fakes/api_server/patch.h"

namespace fakes::api_server {
namespace {

std::string member_path(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}
std::string item_path(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

bool keeps_unknown(const Json& schema) {
  return schema.value("x-kubernetes-preserve-unknown-fields", false);
}

void prune_below(Json& value, const Json& schema, const std::string& path, bool is_resource,
                 std::vector<std::string>& gone) {
  if (value.is_array()) {
    const Json& items = schema_of_items(schema);
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (items.is_object()) prune_below(value[i], items, item_path(path, i), false, gone);
    }
    return;
  }
  if (!value.is_object()) return;
  for (auto it = value.begin(); it != value.end();) {
    const Json& member = schema_of_member(schema, it.key());
    const bool is_own =
        is_resource && (it.key() == "apiVersion" || it.key() == "kind" || it.key() == "metadata");
    if (is_own) {
      ++it;
    } else if (member.is_object()) {
      prune_below(*it, member, member_path(path, it.key()),
                  member.value("x-kubernetes-embedded-resource", false), gone);
      ++it;
    } else if (keeps_unknown(schema) || field(schema, {"additionalProperties"}) != nullptr) {
      ++it;
    } else {
      gone.push_back(member_path(path, it.key()));
      it = value.erase(it);
    }
  }
}

}  // namespace

std::vector<std::string> pruned(Json& object, const Json& schema) {
  std::vector<std::string> gone;
  prune_below(object, schema, "", true, gone);
  return gone;
}

void set_defaults(Json& value, const Json& schema) {
  if (value.is_array()) {
    for (Json& item : value) set_defaults(item, schema_of_items(schema));
    return;
  }
  if (!value.is_object()) return;
  if (const Json* properties = field(schema, {"properties"})) {
    for (const auto& [name, member] : properties->items()) {
      const Json* otherwise = field(member, {"default"});
      const bool is_absent =
          !value.contains(name) || (value[name].is_null() && !member.value("nullable", false));
      if (otherwise != nullptr && is_absent) value[name] = *otherwise;
    }
  }
  for (auto& [name, member] : value.items()) set_defaults(member, schema_of_member(schema, name));
}

namespace {

class Checker {
 public:
  std::vector<Cause> faults;

  void check(const Json& value, const Json& schema, const std::string& path) {
    if (!schema.is_object() || schema.empty()) return;
    if (value.is_null()) {
      if (schema.value("nullable", false)) return;
      wrong_type(path, value, text(schema, {"type"}));
      return;
    }
    if (!has_type(value, schema)) {
      wrong_type(path, value, text(schema, {"type"}));
      return;
    }
    check_enum(value, schema, path);
    if (value.is_string()) check_string(value.get_ref<const std::string&>(), schema, path);
    if (value.is_number()) check_number(value, schema, path);
    if (value.is_array()) check_list(value, schema, path);
    if (value.is_object()) check_object(value, schema, path);
  }

 private:
  static bool has_type(const Json& value, const Json& schema) {
    if (schema.value("x-kubernetes-int-or-string", false)) {
      return value.is_string() || value.is_number_integer();
    }
    const std::string type = text(schema, {"type"});
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    if (type == "array") return value.is_array();
    if (type == "object") return value.is_object();
    return true;
  }

  static std::string shown_type(const Json& value) {
    if (value.is_number_integer()) return "integer";
    return value.type_name();
  }

  void wrong_type(const std::string& path, const Json& value, const std::string& wanted) {
    const std::string is = shown_type(value);
    faults.push_back({path, "FieldValueTypeInvalid",
                      "Invalid value: \"" + is + "\": " + path + " in body must be of type " +
                          wanted + ": \"" + is + "\""});
  }

  void check_enum(const Json& value, const Json& schema, const std::string& path) {
    const Json* allowed = field(schema, {"enum"});
    if (allowed == nullptr ||
        std::find(allowed->begin(), allowed->end(), value) != allowed->end()) {
      return;
    }
    std::vector<std::string> shown;
    for (const Json& one : *allowed) shown.push_back(one.dump());
    faults.push_back(not_supported_value(path, value, shown));
  }

  void check_string(const std::string& value, const Json& schema, const std::string& path) {
    const auto points = std::count_if(value.begin(), value.end(),
                                      [](unsigned char c) { return (c & 0xc0) != 0x80; });
    if (const Json* least = field(schema, {"minLength"}); least != nullptr && points < *least) {
      faults.push_back(invalid_value(
          path, value, path + " in body should be at least " + least->dump() + " chars long"));
    }
    if (const Json* most = field(schema, {"maxLength"}); most != nullptr && points > *most) {
      faults.push_back(
          {path, "FieldValueTooLong", "Too long: may not be more than " + most->dump() + " bytes"});
    }
    if (const std::string pattern = text(schema, {"pattern"}); !pattern.empty()) {
      if (!std::regex_search(value, compiled(pattern))) {
        faults.push_back(
            invalid_value(path, value, path + " in body should match '" + pattern + "'"));
      }
    }
    if (text(schema, {"format"}) == "date-time") {
      static const std::regex date_time(
          R"(^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$)");
      if (!std::regex_search(value, date_time)) {
        faults.push_back(invalid_value(
            path, value, path + " in body must be of type date-time: " + Json(value).dump()));
      }
    }
  }

  // A schema's pattern was read when its definition came, so it can be read here.
  static const std::regex& compiled(const std::string& pattern) {
    thread_local std::map<std::string, std::regex> cache;
    auto found = cache.find(pattern);
    if (found == cache.end()) found = cache.emplace(pattern, std::regex(pattern)).first;
    return found->second;
  }

  void check_number(const Json& value, const Json& schema, const std::string& path) {
    const Json* least = field(schema, {"minimum"});
    const Json* most = field(schema, {"maximum"});
    const bool above = schema.value("exclusiveMinimum", false);
    const bool below = schema.value("exclusiveMaximum", false);
    if (least != nullptr && (above ? value <= *least : value < *least)) {
      faults.push_back(invalid_value(path, value,
                                     path + " in body should be greater than " +
                                         (above ? "" : "or equal to ") + least->dump()));
    }
    if (most != nullptr && (below ? value >= *most : value > *most)) {
      faults.push_back(invalid_value(
          path, value,
          path + " in body should be less than " + (below ? "" : "or equal to ") + most->dump()));
    }
    if (text(schema, {"format"}) == "int32" && (value < std::numeric_limits<std::int32_t>::min() ||
                                                value > std::numeric_limits<std::int32_t>::max())) {
      faults.push_back(invalid_value(path, value, path + " in body must be of type int32"));
    }
  }

  void too_many(const Json& value, const char* limit, const Json& schema, const std::string& path) {
    const Json* most = field(schema, {limit});
    if (most == nullptr || value.size() <= most->get<std::size_t>()) return;
    faults.push_back({path, "FieldValueTooMany",
                      "Too many: " + std::to_string(value.size()) + ": must have at most " +
                          most->dump() + " items"});
  }

  void too_few(const Json& value, const char* limit, const char* what, const Json& schema,
               const std::string& path) {
    const Json* least = field(schema, {limit});
    if (least == nullptr || value.size() >= least->get<std::size_t>()) return;
    faults.push_back(invalid_value(
        path, value.size(), path + " in body should have at least " + least->dump() + " " + what));
  }

  void check_list(const Json& value, const Json& schema, const std::string& path) {
    too_many(value, "maxItems", schema, path);
    too_few(value, "minItems", "items", schema, path);
    check_unique(value, schema, path);
    for (std::size_t i = 0; i < value.size(); ++i) {
      check(value[i], schema_of_items(schema), item_path(path, i));
    }
  }

  void check_unique(const Json& value, const Json& schema, const std::string& path) {
    const std::string type = list_type_of(schema);
    if (type == "atomic") return;
    std::set<Json> seen;
    for (std::size_t i = 0; i < value.size(); ++i) {
      Json key = value[i];
      if (type == "map") {
        key = Json::object();
        for (const std::string& name : list_keys_of(schema)) {
          if (const Json* part = field(value[i], {name})) {
            key[name] = *part;
          } else {
            faults.push_back(required_value(member_path(item_path(path, i), name)));
          }
        }
      }
      if (!seen.insert(key).second) faults.push_back(duplicate_value(item_path(path, i), key));
    }
  }

  void check_object(const Json& value, const Json& schema, const std::string& path) {
    too_many(value, "maxProperties", schema, path);
    too_few(value, "minProperties", "properties", schema, path);
    if (const Json* required = field(schema, {"required"})) {
      for (const Json& name : *required) {
        if (!value.contains(name.get<std::string>())) {
          faults.push_back(required_value(member_path(path, name.get<std::string>())));
        }
      }
    }
    for (const auto& [name, member] : value.items()) {
      // metadata is the server's own affair.
      if (path.empty() && (name == "metadata" || name == "apiVersion" || name == "kind")) continue;
      check(member, schema_of_member(schema, name), member_path(path, name));
    }
  }
};

}  // namespace

std::vector<Cause> schema_faults(const Json& value, const Json& schema) {
  Checker checker;
  checker.check(value, schema, "");
  return std::move(checker.faults);
}

Answer<Json> schema_admitted(const Admission& admission, const Json* before, Json object) {
  const Kind& kind = admission.kind;
  if (!kind.schema) return object;
  const std::vector<std::string> gone = pruned(object, *kind.schema);
  if (auto judged = judge_unknown_fields(admission, gone); !judged) return refuse(judged.error());
  set_defaults(object, *kind.schema);
  std::vector<Cause> faults = schema_faults(object, *kind.schema);
  const bool is_checkable = std::none_of(faults.begin(), faults.end(), [](const Cause& fault) {
    return fault.reason == "FieldValueTypeInvalid" || fault.reason == "FieldValueRequired" ||
           fault.reason == "FieldValueTooLong" || fault.reason == "FieldValueTooMany" ||
           fault.reason == "FieldValueDuplicate";
  });
  if (is_checkable) {
    for (Cause& fault : rule_faults(object, before, *kind.schema)) {
      faults.push_back(std::move(fault));
    }
  } else {
    faults.push_back({"<nil>", "FieldValueInvalid",
                      "Invalid value: \"null\": some validation rules were not checked because the "
                      "object was invalid; correct the existing errors to complete validation"});
  }
  if (!faults.empty()) {
    return refuse(invalid(kind.group, kind.kind, name_of(object), std::move(faults)));
  }
  return object;
}

}  // namespace fakes::api_server
