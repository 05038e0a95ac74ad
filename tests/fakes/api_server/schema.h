#pragma once

#include <string>
#include <vector>

#include "tests/fakes/api_server/refusal.h"

namespace fakes::api_server {

// Structural schemas (apiextensions.k8s.io/v1 JSONSchemaProps). Pure.

// Takes away what the schema does not know, and says where it was ("spec.colour").
std::vector<std::string> pruned(Json& object, const Json& schema);

// Fills in "default" where a field is absent, or null where it may not be.
void set_defaults(Json& value, const Json& schema);

// What is wrong with a value: types, required, enum, pattern, lengths, ranges, counts, list types,
// formats date-time and the like. The real server's ratcheting (wrong values that an update leaves
// alone are forgiven) is not here: this is stricter.
std::vector<Cause> schema_faults(const Json& value, const Json& schema);

// What the CEL rules refuse; transition rules count only when before is given. "before" is matched
// through maps, and through lists of type map by their keys.
std::vector<Cause> rule_faults(const Json& value, const Json* before, const Json& schema);

// What makes a schema unfit to be served: not structural, or a rule that cannot be read.
std::vector<Cause> unfit_schema_faults(const Json& schema, const std::string& at);

}  // namespace fakes::api_server
