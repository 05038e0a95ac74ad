#include "acme/json_fields.h"

#include <vector>

#include <nlohmann/json.hpp>

#include "acme/resources.h"
#include "acme/text.h"
#include "base/time_text.h"

namespace acme {

using nlohmann::json;

namespace {
constexpr std::size_t kTextBytesMax = 8192;
}

JsonFields::JsonFields(const json& object, std::string what)
    : object_(object), what_(std::move(what)) {
  if (!object_.is_object()) fail("is not a JSON object");
}

const json* JsonFields::find(const char* name) const {
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(name);
  if (found == object_.end() || found->is_null()) return nullptr;
  return &*found;
}

void JsonFields::fail(const std::string& fault) {
  if (!status_) return;
  status_ = base::failure(base::ErrorKind::protocol, "the server's " + what_ + " " + fault);
}

void JsonFields::check(const base::Status& part) {
  if (status_ && !part) status_ = part;
}

std::string JsonFields::text(const char* name) {
  const json* value = find(name);
  if (value == nullptr) return "";
  if (!value->is_string()) {
    fail("has a \"" + std::string(name) + "\" that is not a string");
    return "";
  }
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() > kTextBytesMax) {
    fail("has a \"" + std::string(name) + "\" of more than " + std::to_string(kTextBytesMax) +
         " bytes");
    return "";
  }
  return text;
}

std::string JsonFields::required_text(const char* name) {
  std::string value = text(name);
  if (value.empty()) fail("has no \"" + std::string(name) + "\"");
  return value;
}

std::string JsonFields::url(const char* name) {
  std::string value = text(name);
  if (!value.empty() && !is_https_url(value)) {
    fail("has a \"" + std::string(name) + "\" that is not an https URL");
    return "";
  }
  return value;
}

std::string JsonFields::required_url(const char* name) {
  std::string value = url(name);
  if (value.empty()) fail("has no \"" + std::string(name) + "\"");
  return value;
}

bool JsonFields::flag(const char* name) {
  const json* value = find(name);
  if (value == nullptr) return false;
  if (!value->is_boolean()) {
    fail("has a \"" + std::string(name) + "\" that is not true or false");
    return false;
  }
  return value->get<bool>();
}

std::optional<base::WallTime> JsonFields::time(const char* name) {
  const std::string value = text(name);
  if (value.empty()) return std::nullopt;
  auto time = base::from_rfc3339(value);
  if (!time) {
    fail("has a \"" + std::string(name) + "\" that is not an RFC 3339 time");
  }
  return time;
}

const json* JsonFields::array(const char* name, std::size_t count_max) {
  const json* value = find(name);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) {
    fail("has a \"" + std::string(name) + "\" that is not a list");
    return nullptr;
  }
  if (value->size() > count_max) {
    fail("has more than " + std::to_string(count_max) + " elements in \"" + name + "\"");
    return nullptr;
  }
  return value;
}

const json* JsonFields::object(const char* name) {
  const json* value = find(name);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) {
    fail("has a \"" + std::string(name) + "\" that is not an object");
    return nullptr;
  }
  return value;
}

std::vector<std::string> JsonFields::texts(const char* name, std::size_t count_max) {
  std::vector<std::string> out;
  const json* values = array(name, count_max);
  if (values == nullptr) return out;
  for (const json& value : *values) {
    if (!value.is_string() || value.get_ref<const std::string&>().size() > kTextBytesMax) {
      fail("has an element in \"" + std::string(name) + "\" that is not a string");
      return {};
    }
    out.push_back(value.get<std::string>());
  }
  return out;
}

base::Result<json> parse_json_object(std::string_view body, std::string_view what) {
  json value = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (value.is_object()) return value;
  // Without its words: whoever may make an issuer would else read servers that only we can reach.
  return base::failure(base::ErrorKind::protocol,
                       "the server's " + std::string(what) + " is not a JSON object, but " +
                           (body.empty() ? "empty" : std::to_string(body.size()) + " other bytes"));
}

}  // namespace acme
