#pragma once

#include "tests/fakes/api_server/kinds.h"

namespace fakes::api_server {

// A CustomResourceDefinition that is to be stored: its name, names, versions and schema are sound
// and every CEL rule can be read; a rule that cannot be read is refused with its text, never
// skipped. Other kinds pass.
Answer<void> check_definition(const Kind& kind, const Json& object);

// What the apiextensions controllers do a moment later in a real server: accepted names and the
// conditions NamesAccepted and Established.
void establish(Json& definition);

}  // namespace fakes::api_server
