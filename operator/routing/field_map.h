#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "base/alike.h"
#include "kube/resources/config_map.h"
#include "operator/routing/named_objects.h"

namespace routing {

// Of all lines of an annotation, or of a ConfigMap: half of what a backend or a browser takes for a
// whole head.
inline constexpr std::size_t kFieldBytesMax = 16u << 10;

// What a ConfigMap offers to a claimant that names it: for header fields a name and a value for
// each of its keys, of which nothing is kept where they are more than a head may have; and
// authorities.
struct FieldMap {
  bool is_unread = false;  // it has not come from the API server yet
  std::map<std::string, std::string> fields{};
  std::string problem{};  // a clause; empty: its fields are usable
  // Of ca.crt, see read_backend_authorities(). Tools put the same ones into every namespace.
  base::Alike<std::string> authorities_pem{};
  std::string authorities_problem{};  // a clause, where there are none
  bool operator==(const FieldMap&) const = default;
};

FieldMap read_field_map(const kube::ConfigMap& map);

// The ConfigMaps that claimants name; see FieldMapWatches.
using FieldMaps = NamedObjects<FieldMap>;

}  // namespace routing
