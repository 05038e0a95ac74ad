#pragma once

#include "proxy/config/model.h"

namespace routing {

// Whether all that `said` guards is guarded in a place that has `standing`. A canary has the guards
// of the place that it joins, whatever it says: what it says again is no more than a copy, and
// what it says beside them its author would believe in for nothing.
bool are_kept(const proxy::config::Guards& said, const proxy::config::Guards& standing);

}  // namespace routing
