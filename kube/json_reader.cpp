#include "kube/json_reader.h"

#include <nlohmann/json.hpp>

#include "base/time_text.h"

namespace kube {

namespace {

const nlohmann::json& empty_object() {
  static const nlohmann::json empty = nlohmann::json::object();
  return empty;
}

}  // namespace

JsonReader::JsonReader(const nlohmann::json& value, Fault& fault, std::string path)
    : value_(&value), fault_(&fault), path_(std::move(path)) {
  if (value_->is_object()) return;
  if (fault_->empty()) *fault_ = (path_.empty() ? "it" : path_) + " must be an object";
  value_ = &empty_object();
}

std::string JsonReader::text(const char* name) const {
  return optional_text(name).value_or(std::string());
}

std::optional<std::string> JsonReader::optional_text(const char* name) const {
  const nlohmann::json* found = member(name);
  if (found == nullptr) return std::nullopt;
  if (const auto* text = found->get_ptr<const std::string*>()) return *text;
  complain(name, "must be a string");
  return std::nullopt;
}

std::vector<std::string> JsonReader::texts(const char* name) const {
  std::vector<std::string> texts;
  const nlohmann::json* found = array(name);
  if (found == nullptr) return texts;
  for (const nlohmann::json& element : *found) {
    const auto* text = element.get_ptr<const std::string*>();
    if (text == nullptr) {
      complain(name, "must hold strings only");
      return {};
    }
    texts.push_back(*text);
  }
  return texts;
}

std::map<std::string, std::string> JsonReader::text_map(const char* name) const {
  std::map<std::string, std::string> texts;
  const nlohmann::json* found = member(name);
  if (found == nullptr) return texts;
  if (!found->is_object()) {
    complain(name, "must be an object");
    return texts;
  }
  for (const auto& [key, element] : found->items()) {
    const auto* text = element.get_ptr<const std::string*>();
    if (text == nullptr) {
      complain(name, "must hold strings only, and " + key + " is not one");
      return {};
    }
    texts.emplace(key, *text);
  }
  return texts;
}

std::optional<bool> JsonReader::optional_flag(const char* name) const {
  const nlohmann::json* found = member(name);
  if (found == nullptr) return std::nullopt;
  if (found->is_boolean()) return found->get<bool>();
  complain(name, "must be true or false");
  return std::nullopt;
}

std::int64_t JsonReader::integer(const char* name, std::int64_t least, std::int64_t most) const {
  const nlohmann::json* found = member(name);
  if (found == nullptr) return 0;
  const bool too_large = found->is_number_unsigned() &&
                         found->get<std::uint64_t>() >
                             static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!found->is_number_integer() || too_large) {
    complain(name, "must be an integer");
    return 0;
  }
  const auto number = found->get<std::int64_t>();
  if (number >= least && number <= most) return number;
  complain(name, "must be from " + std::to_string(least) + " to " + std::to_string(most));
  return 0;
}

std::string JsonReader::integer_or_text(const char* name) const {
  const nlohmann::json* found = member(name);
  if (found == nullptr) return {};
  if (found->is_string()) return text(name);
  if (found->is_number_integer()) return std::to_string(integer(name));
  complain(name, "must be an integer or a string");
  return {};
}

std::optional<base::WallTime> JsonReader::time(const char* name) const {
  const auto written = optional_text(name);
  if (!written) return std::nullopt;
  const auto time = base::from_rfc3339(*written);
  if (!time) complain(name, "must be an RFC 3339 time");
  return time;
}

JsonReader JsonReader::object(const char* name) const {
  const nlohmann::json* found = member(name);
  return {found == nullptr ? empty_object() : *found, *fault_, path(name)};
}

void JsonReader::each(const char* name, const std::function<void(const JsonReader&)>& read) const {
  const nlohmann::json* found = array(name);
  if (found == nullptr) return;
  std::size_t index = 0;
  for (const nlohmann::json& element : *found) {
    read(JsonReader(element, *fault_, path(name) + "[" + std::to_string(index++) + "]"));
    if (!fault_->empty()) return;
  }
}

void JsonReader::complain(const char* name, std::string_view problem) const {
  if (fault_->empty()) *fault_ = path(name).append(" ").append(problem);
}

std::string JsonReader::path(const char* name) const {
  return path_.empty() ? name : path_ + "." + name;
}

const nlohmann::json* JsonReader::member(const char* name) const {
  if (!fault_->empty()) return nullptr;
  const auto found = value_->find(name);
  return found == value_->end() || found->is_null() ? nullptr : &*found;
}

const nlohmann::json* JsonReader::array(const char* name) const {
  const nlohmann::json* found = member(name);
  if (found == nullptr || found->is_array()) return found;
  complain(name, "must be an array");
  return nullptr;
}

}  // namespace kube
