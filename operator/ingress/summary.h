#pragma once

#include <memory>

#include "kube/resources/ingress.h"
#include "operator/api/edge_parameters.h"
#include "operator/routing/intent_compiler.h"

namespace ingress {

// What came of one Ingress of ours.
struct Summary : routing::Outcome {
  std::shared_ptr<const kube::Ingress> ingress;
  // That hold for it by its class; null: none, or they are not known.
  std::shared_ptr<const api::EdgeParameters> parameters{};
  bool has_room = true;  // in the configuration; else nothing of it is served
};

}  // namespace ingress
