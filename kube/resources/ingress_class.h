#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kube/object.h"

namespace kube {

// An object with more to say about a class; of its controller's kind.
struct IngressClassParameters {
  std::string api_group;
  std::string kind;
  std::string name;
  std::string namespace_;  // empty: it belongs to the cluster
  bool operator==(const IngressClassParameters&) const = default;
};

// networking.k8s.io/v1 IngressClass.
struct IngressClass {
  ObjectMeta metadata;
  std::string controller;
  std::optional<IngressClassParameters> parameters{};

  // Annotated as the class of Ingresses that name none.
  bool is_default() const;

  static const ResourceType& type();
  static base::Result<IngressClass> from_json(const nlohmann::json& object);
};

}  // namespace kube
