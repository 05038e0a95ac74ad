#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kube/object.h"

namespace kube {

// networking.k8s.io/v1 IngressClass.
struct IngressClass {
  ObjectMeta metadata;
  std::string controller;

  // Annotated as the class of Ingresses that name none.
  bool is_default() const;

  static const ResourceType& type();
  static base::Result<IngressClass> from_json(const nlohmann::json& object);
};

}  // namespace kube
