#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/kinds.h"

namespace fakes::api_server {
namespace {

Json object_of(Json properties) {
  return {{"type", "object"}, {"properties", std::move(properties)}};
}

Json list_by(std::vector<std::string> keys) {
  return {{"type", "array"},
          {"x-kubernetes-list-type", "map"},
          {"x-kubernetes-list-map-keys", std::move(keys)},
          {"items", {{"type", "object"}}}};
}

const Json atomic_list = {{"type", "array"}, {"x-kubernetes-list-type", "atomic"}};
const Json atomic_map = {{"type", "object"}, {"x-kubernetes-map-type", "atomic"}};
const Json set_list = {{"type", "array"}, {"x-kubernetes-list-type", "set"}};

// From the +listType, +listMapKey and patchMergeKey markers of k8s.io/api; what is not named is a
// granular map or an atomic list.
Json properties_of(std::string_view kind) {
  const Json load_balancer = object_of({{"loadBalancer", object_of({{"ingress", atomic_list}})}});
  if (kind == "Service") {
    return {
        {"spec", object_of({{"ports", list_by({"port", "protocol"})}, {"selector", atomic_map}})},
        {"status", object_of({{"conditions", list_by({"type"})},
                              {"loadBalancer", object_of({{"ingress", atomic_list}})}})}};
  }
  if (kind == "Ingress") return {{"status", load_balancer}};
  if (kind == "ServiceAccount") return {{"secrets", list_by({"name"})}};
  if (kind == "Pod") {
    return {{"spec", object_of({{"containers", list_by({"name"})},
                                {"initContainers", list_by({"name"})},
                                {"volumes", list_by({"name"})}})},
            {"status", object_of({{"conditions", list_by({"type"})}})}};
  }
  if (kind == "Namespace" || kind == "Node" || kind == "CustomResourceDefinition") {
    return {{"status", object_of({{"conditions", list_by({"type"})}})}};
  }
  return Json::object();
}

}  // namespace

std::shared_ptr<const Json> builtin_merge_schema(std::string_view kind) {
  return std::make_shared<const Json>(object_of(properties_of(kind)));
}

}  // namespace fakes::api_server
