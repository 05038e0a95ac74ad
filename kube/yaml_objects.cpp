#include "kube/yaml_objects.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

namespace kube {
namespace {

// What a person writes is far below; an alias of aliases is above at once.
constexpr std::size_t kNodesMax = 1'000'000;
constexpr int kDepthMax = 100;

// A fault found on the way; caught in read_yaml_objects().
struct Refused {
  std::string message;
};

class Conversion {
 public:
  nlohmann::json to_json(const YAML::Node& node, int depth = 0) {
    if (++nodes_ > kNodesMax) throw Refused{"there are more than a million values in it"};
    if (depth > kDepthMax) throw Refused{"it is nested deeper than a hundred levels"};
    if (node.IsMap()) {
      nlohmann::json object = nlohmann::json::object();
      for (const auto& entry : node) {
        if (!entry.first.IsScalar()) throw Refused{"a key of a mapping is no text"};
        object[entry.first.Scalar()] = to_json(entry.second, depth + 1);
      }
      return object;
    }
    if (node.IsSequence()) {
      nlohmann::json array = nlohmann::json::array();
      for (const auto& entry : node) array.push_back(to_json(entry, depth + 1));
      return array;
    }
    return node.IsScalar() ? scalar(node) : nlohmann::json();
  }

 private:
  static nlohmann::json scalar(const YAML::Node& node) {
    if (node.Tag() == "!") return node.Scalar();  // quoted
    std::int64_t number = 0;
    if (YAML::convert<std::int64_t>::decode(node, number)) return number;
    bool truth = false;
    if (YAML::convert<bool>::decode(node, truth)) return truth;
    return node.Scalar();
  }

  std::size_t nodes_ = 0;
};

bool has_kind(const nlohmann::json& object) {
  const auto kind = object.find("kind");
  return kind != object.end() && kind->is_string();
}

void add_objects(nlohmann::json object, std::vector<nlohmann::json>& objects) {
  if (!object.is_object()) throw Refused{"a document is no object"};
  if (!has_kind(object)) throw Refused{"a document has no kind"};
  if (object["kind"] != "List") {
    objects.push_back(std::move(object));
    return;
  }
  const auto items = object.find("items");
  if (items == object.end() || !items->is_array()) throw Refused{"a List has no items"};
  for (nlohmann::json& item : *items) {
    if (!item.is_object() || !has_kind(item)) throw Refused{"an item of a List has no kind"};
    objects.push_back(std::move(item));
  }
}

}  // namespace

base::Result<std::vector<nlohmann::json>> read_yaml_objects(const std::string& text) {
  std::vector<nlohmann::json> objects;
  try {
    Conversion conversion;
    for (const YAML::Node& document : YAML::LoadAll(text)) {
      if (document && !document.IsNull()) add_objects(conversion.to_json(document), objects);
    }
  } catch (const YAML::Exception& error) {
    return base::failure(base::ErrorKind::invalid, "line " + std::to_string(error.mark.line + 1) +
                                                       " is no YAML: " + error.msg);
  } catch (const Refused& refused) {
    return base::failure(base::ErrorKind::invalid, refused.message);
  }
  return objects;
}

}  // namespace kube
