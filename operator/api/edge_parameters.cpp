#include "operator/api/edge_parameters.h"

#include <nlohmann/json.hpp>

#include "operator/api/issuer.h"

namespace api {

const kube::ResourceType& EdgeParameters::type() {
  static const kube::ResourceType type{kGroup, kVersion, "EdgeParameters", "edgeparameters", false};
  return type;
}

std::string text_of(const EdgeParameters::Hsts& hsts) {
  std::string text = "max-age=" + std::to_string(hsts.max_age_seconds);
  if (hsts.include_sub_domains) text += "; includeSubDomains";
  if (hsts.preload) text += "; preload";
  return text;
}

nlohmann::json status_to_json(const EdgeParameters& parameters) {
  nlohmann::json object = nlohmann::json::object();
  object["conditions"] = kube::conditions_to_json(parameters.conditions);
  if (parameters.observed_generation != 0) {
    object["observedGeneration"] = parameters.observed_generation;
  }
  return object;
}

}  // namespace api
