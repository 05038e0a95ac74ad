#include "operator/api/status_patch.h"

#include <nlohmann/json.hpp>

namespace api {

namespace {

nlohmann::json difference(const nlohmann::json& before, const nlohmann::json& after) {
  nlohmann::json patch = nlohmann::json::object();
  for (const auto& [name, value] : before.items()) {
    if (!after.contains(name)) patch[name] = nullptr;
  }
  for (const auto& [name, value] : after.items()) {
    const auto old = before.find(name);
    if (old != before.end() && old->is_object() && value.is_object()) {
      nlohmann::json nested = difference(*old, value);
      if (!nested.empty()) patch[name] = std::move(nested);
    } else if (old == before.end() || *old != value) {
      patch[name] = value;
    }
  }
  return patch;
}

}  // namespace

nlohmann::json status_patch(const nlohmann::json& before, const nlohmann::json& after) {
  nlohmann::json patch = difference(before, after);
  if (patch.empty()) return patch;
  return {{"status", std::move(patch)}};
}

}  // namespace api
