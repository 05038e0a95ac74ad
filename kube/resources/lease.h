#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "kube/object.h"

namespace kube {

// What a Lease says about its holder.
struct LeaseSpec {
  std::string holder_identity;  // empty: released
  std::chrono::seconds lease_duration{0};
  std::optional<base::WallTime> acquire_time;
  std::optional<base::WallTime> renew_time;
  int lease_transitions = 0;
  bool operator==(const LeaseSpec&) const = default;
};

// coordination.k8s.io/v1 Lease.
struct Lease {
  ObjectMeta metadata;
  LeaseSpec spec;

  static const ResourceType& type();
  static base::Result<Lease> from_json(const nlohmann::json& object);
  // Name, namespace, labels, annotations, resourceVersion and spec: ready for create or update.
  nlohmann::json to_json() const;
};

}  // namespace kube
