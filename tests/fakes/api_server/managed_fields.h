#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/fakes/api_server/kinds.h"

namespace fakes::api_server {

// Who owns which fields (metadata.managedFields) and server-side apply, after structured-merge-diff
// (KEP-555): maps are granular, lists are atomic, sets or maps as the schema says. Pure.

// One step is spelled as in FieldsV1: "f:name", "k:{\"type\":\"Ready\"}", "v:\"x\"".
using FieldPath = std::vector<std::string>;
using FieldSet = std::set<FieldPath>;

FieldSet field_set_of(const Json& fields_v1);
Json fields_v1_of(const FieldSet& fields);

// The leaves of a value (and the items of its list-maps), as its manager would own them.
FieldSet fields_of(const Json& value, const Json& schema);

// "spec.ports[port=80].name" as conflicts are worded: ".spec.ports[port=80].name".
std::string path_text(const FieldPath& path);

struct Manager {
  std::string name;
  bool is_apply = false;
  std::string subresource;
  std::string api_version;
};

// After a write that was no apply: the manager owns what it changed, others lose it.
void own_changes(const Manager& manager, const Kind& kind, const Json& before, Json& after);

// Server-side apply: the live object (an empty object when there is none) with the configuration
// merged in, its fields owned, and what this manager applied before but no longer does removed. A
// 409 names every field that another manager holds with another value, unless forced.
Answer<Json> applied_fields(const Manager& manager, const Kind& kind, const Json& live,
                            Json configuration, bool is_forced);

}  // namespace fakes::api_server
