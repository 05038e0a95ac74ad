#include "tests/fakes/api_server/body.h"

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

namespace fakes::api_server {
namespace {

Json scalar(const YAML::Node& node) {
  const std::string& value = node.Scalar();
  if (node.Tag() == "!") return value;  // quoted
  if (value.empty() || value == "~" || value == "null" || value == "Null" || value == "NULL") {
    return nullptr;
  }
  // The Go library of kubectl reads YAML 1.1's booleans only in these spellings.
  for (const char* yes : {"true", "True", "TRUE"}) {
    if (value == yes) return true;
  }
  for (const char* no : {"false", "False", "FALSE"}) {
    if (value == no) return false;
  }
  const bool is_number_like = value.find_first_not_of("+-0123456789.eE") == std::string::npos &&
                              value.find_first_of("0123456789") != std::string::npos;
  if (is_number_like) {
    const Json number = Json::parse(value.front() == '+' ? value.substr(1) : value, nullptr, false);
    if (number.is_number()) return number;
  }
  return value;
}

Json converted(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return scalar(node);
    case YAML::NodeType::Sequence: {
      Json list = Json::array();
      for (const auto& item : node) list.push_back(converted(item));
      return list;
    }
    case YAML::NodeType::Map: {
      Json map = Json::object();
      for (const auto& item : node) map[item.first.Scalar()] = converted(item.second);
      return map;
    }
    default:
      return nullptr;
  }
}

}  // namespace

Answer<Json> json_of_yaml(const std::string& yaml) {
  try {
    return converted(YAML::Load(yaml));
  } catch (const std::exception& e) {
    return refuse(bad_request(std::string("error decoding YAML: ") + e.what()));
  }
}

Answer<std::vector<Json>> json_of_yaml_stream(const std::string& yaml) {
  try {
    std::vector<Json> documents;
    for (const YAML::Node& node : YAML::LoadAll(yaml)) {
      Json document = converted(node);
      if (!document.is_null()) documents.push_back(std::move(document));
    }
    return documents;
  } catch (const std::exception& e) {
    return refuse(bad_request(std::string("error decoding YAML: ") + e.what()));
  }
}

Answer<Json> decoded_body(std::string_view content_type, const std::string& body) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  if (type.ends_with("yaml")) return json_of_yaml(body);
  if (!type.empty() && !type.ends_with("json")) {
    return refuse(
        unsupported_media_type("the body of the request was in an unknown format - "
                               "accepted media types include: application/json, "
                               "application/yaml"));
  }
  Json parsed = Json::parse(body, nullptr, false);
  if (parsed.is_discarded()) {
    return refuse(bad_request("the object provided is unrecognized: the body is no JSON"));
  }
  return parsed;
}

}  // namespace fakes::api_server
