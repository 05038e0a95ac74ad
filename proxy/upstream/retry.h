#pragma once

#include "proxy/upstream/failure.h"

namespace proxy::upstream {

// What is known about a request when its attempt failed.
struct Attempt {
  bool is_idempotent = false;       // by method (RFC 9110 §9.2.2)
  bool can_replay = false;          // all that was taken from the client is still at hand
  bool response_has_begun = false;  // at least a byte of it arrived
  bool connection_was_reused = false;
  bool was_replayed = false;  // a fresh connection was tried for it already
  bool has_untried_endpoint = false;
};

enum class Next {
  give_up,
  other_endpoint,    // one that this request has not tried
  fresh_connection,  // a new connection to any endpoint: only the pooled one was dead
};

// The one place that decides whether a request is sent again. A request that an endpoint may have
// acted on is repeated only when that is harmless by definition.
Next choose_next(const Failure& failure, const Attempt& attempt);

}  // namespace proxy::upstream
