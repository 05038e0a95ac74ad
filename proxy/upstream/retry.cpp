#include "proxy/upstream/retry.h"

namespace proxy::upstream {

Next choose_next(const Failure& failure, const Attempt& attempt) {
  if (attempt.response_has_begun || !attempt.can_replay) return Next::give_up;
  switch (failure.retry) {
    case Retry::never:
      return Next::give_up;
    case Retry::always:
      return attempt.has_untried_endpoint ? Next::other_endpoint : Next::give_up;
    case Retry::if_connection_was_reused:
      // §9.2.2: "A proxy MUST NOT automatically retry a request with a non-idempotent method".
      return attempt.connection_was_reused && attempt.is_idempotent && !attempt.was_replayed
                 ? Next::fresh_connection
                 : Next::give_up;
  }
  return Next::give_up;
}

}  // namespace proxy::upstream
