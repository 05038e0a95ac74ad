#pragma once

#include <string>
#include <utility>

#include "kube/resources/config_map.h"
#include "operator/routing/field_map.h"
#include "operator/routing/named_object_watches.h"

namespace routing {

extern template class NamedObjectWatches<kube::ConfigMap, FieldMap>;

// The ConfigMaps that claimants name. Thread-safe.
class FieldMapWatches final : public NamedObjectWatches<kube::ConfigMap, FieldMap> {
 public:
  // client must outlive it.
  FieldMapWatches(kube::Client& client, Options options, Wake wake)
      : NamedObjectWatches(client, std::move(options), read_field_map, spoilt, std::move(wake)) {}

 private:
  static FieldMap spoilt(const std::string& problem) {
    FieldMap map;
    map.problem = map.authorities_problem = problem;
    return map;
  }
};

}  // namespace routing
