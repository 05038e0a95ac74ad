#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kube/object.h"

namespace kube {

// core/v1 Namespace.
struct Namespace {
  ObjectMeta metadata;

  static const ResourceType& type();
  static base::Result<Namespace> from_json(const nlohmann::json& object);
};

}  // namespace kube
