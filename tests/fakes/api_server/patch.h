#pragma once

#include <string>

#include "tests/fakes/api_server/refusal.h"

namespace fakes::api_server {

// Pure patches: the object after. A patch that does not fit is a 400 or a 422, as on the real
// server.

// RFC 6902.
Answer<Json> json_patched(const Json& object, const Json& patch);

// RFC 7386.
Json merge_patched(const Json& object, const Json& patch);

// Kubernetes' strategic merge, approximated: a merge patch whose lists merge by key where the
// schema (x-kubernetes-list-type, x-kubernetes-list-map-keys) says so, with the directives
// "$patch: delete|replace", "$deleteFromPrimitiveList/..." and "$retainKeys" (which only drops the
// keys that it does not name); "$setElementOrder/..." is accepted and ignored: order is as merged.
Answer<Json> strategic_merge_patched(const Json& object, const Json& patch, const Json& schema);

// The schema of metadata's lists (finalizers, ownerReferences), the same for every kind.
const Json& metadata_schema();

// The schema node of a member or of the items: null (a JSON null) when the schema does not know.
const Json& schema_of_member(const Json& schema, const std::string& name);
const Json& schema_of_items(const Json& schema);
// "map", "set" or "atomic" (also when nothing is said).
std::string list_type_of(const Json& schema);
// The members of a list item that identify it, in the schema's order.
std::vector<std::string> list_keys_of(const Json& schema);

}  // namespace fakes::api_server
