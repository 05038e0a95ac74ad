#include "operator/api/fields.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/time_text.h"

namespace api {

namespace {

const nlohmann::json& nothing() {
  static const nlohmann::json empty = nlohmann::json::object();
  return empty;
}

}  // namespace

Fields::Fields(const nlohmann::json& object, std::string path, std::string& problem)
    : object_(&object), path_(std::move(path)), problem_(&problem) {
  if (object.is_object()) return;
  if (problem.empty()) problem = (path_.empty() ? "the object" : path_) + " must be a JSON object";
  object_ = &nothing();
}

std::string Fields::path_of(const char* name) const {
  return path_.empty() ? std::string(name) : path_ + "." + name;
}

void Fields::complain(const char* name, const std::string& must_be) const {
  if (problem_->empty()) *problem_ = path_of(name) + " must be " + must_be;
}

const nlohmann::json* Fields::find(const char* name) const {
  const auto found = object_->find(name);
  if (found == object_->end() || found->is_null()) return nullptr;
  return &*found;
}

bool Fields::has(const char* name) const {
  return find(name) != nullptr;
}

std::string Fields::text(const char* name) const {
  const nlohmann::json* value = find(name);
  if (!value) return {};
  if (value->is_string()) return value->get<std::string>();
  complain(name, "a string");
  return {};
}

bool Fields::flag(const char* name) const {
  const nlohmann::json* value = find(name);
  if (!value) return false;
  if (value->is_boolean()) return value->get<bool>();
  complain(name, "true or false");
  return false;
}

std::optional<std::int64_t> Fields::number(const char* name) const {
  const nlohmann::json* value = find(name);
  if (!value) return std::nullopt;
  if (value->is_number_integer()) return value->get<std::int64_t>();
  complain(name, "a whole number");
  return std::nullopt;
}

std::optional<base::WallTime> Fields::time(const char* name) const {
  const std::string value = text(name);
  if (value.empty()) return std::nullopt;
  const auto time = base::from_rfc3339(value);
  if (!time) complain(name, "a time such as 2026-01-02T03:04:05Z");
  return time;
}

std::optional<std::chrono::seconds> Fields::duration(const char* name) const {
  const std::string value = text(name);
  if (value.empty()) return std::nullopt;
  const auto duration = base::parse_go_duration(value);
  if (!duration) {
    complain(name, "a duration such as 720h or 12h30m");
    return std::nullopt;
  }
  return std::chrono::duration_cast<std::chrono::seconds>(*duration);
}

std::vector<std::string> Fields::texts(const char* name) const {
  const nlohmann::json* value = find(name);
  std::vector<std::string> result;
  if (!value) return result;
  if (!value->is_array()) {
    complain(name, "a list of strings");
    return result;
  }
  for (const nlohmann::json& item : *value) {
    if (!item.is_string()) {
      complain(name, "a list of strings");
      return {};
    }
    result.push_back(item.get<std::string>());
  }
  return result;
}

std::vector<std::int64_t> Fields::numbers(const char* name) const {
  const nlohmann::json* value = find(name);
  std::vector<std::int64_t> result;
  if (!value) return result;
  const bool are_numbers =
      value->is_array() && std::all_of(value->begin(), value->end(),
                                       [](const auto& item) { return item.is_number_integer(); });
  if (!are_numbers) {
    complain(name, "a list of whole numbers");
    return result;
  }
  for (const auto& item : *value) result.push_back(item.get<std::int64_t>());
  return result;
}

std::vector<base::WallTime> Fields::times(const char* name) const {
  std::vector<base::WallTime> result;
  for (const std::string& value : texts(name)) {
    const auto time = base::from_rfc3339(value);
    if (time) {
      result.push_back(*time);
    } else {
      complain(name, "a list of times such as 2026-01-02T03:04:05Z");
    }
  }
  return result;
}

std::map<std::string, std::string> Fields::text_map(const char* name) const {
  const nlohmann::json* value = find(name);
  std::map<std::string, std::string> result;
  if (!value) return result;
  if (!value->is_object()) {
    complain(name, "an object of strings");
    return result;
  }
  for (const auto& [key, item] : value->items()) {
    if (!item.is_string()) {
      complain(name, "an object of strings");
      return {};
    }
    result.emplace(key, item.get<std::string>());
  }
  return result;
}

Fields Fields::object(const char* name) const {
  const nlohmann::json* value = find(name);
  return Fields(value ? *value : nothing(), path_of(name), *problem_);
}

std::vector<Fields> Fields::objects(const char* name) const {
  const nlohmann::json* value = find(name);
  std::vector<Fields> result;
  if (!value) return result;
  if (!value->is_array()) {
    complain(name, "a list of objects");
    return result;
  }
  for (const nlohmann::json& item : *value) {
    result.emplace_back(item, path_of(name) + "[" + std::to_string(result.size()) + "]", *problem_);
  }
  return result;
}

std::vector<kube::Condition> Fields::conditions() const {
  const nlohmann::json* value = find("conditions");
  if (!value) return {};
  auto conditions = kube::conditions_from_json(*value);
  if (conditions) return *std::move(conditions);
  if (problem_->empty()) *problem_ = path_of("conditions") + ": " + conditions.error().message;
  return {};
}

}  // namespace api
