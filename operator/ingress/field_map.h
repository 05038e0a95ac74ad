#pragma once

#include <map>
#include <string>

#include "kube/resources/config_map.h"
#include "operator/ingress/named_objects.h"

namespace ingress {

// What a ConfigMap offers to an Ingress that names it for header fields: a name and a value for
// each of its keys. Of one that is larger than a head may be nothing is kept.
struct FieldMap {
  bool is_unread = false;  // it has not come from the API server yet
  std::map<std::string, std::string> fields;
  std::string problem;  // a clause; empty: it is usable
  bool operator==(const FieldMap&) const = default;
};

FieldMap read_field_map(const kube::ConfigMap& map);

// The ConfigMaps that Ingresses name; see FieldMapWatches.
using FieldMaps = NamedObjects<FieldMap>;

}  // namespace ingress
