#include "proxy/upstream/retry.h"

namespace proxy::upstream {

bool is_idempotent(http1::Method method) {
  switch (method) {
    case http1::Method::get:
    case http1::Method::head:
    case http1::Method::put:
    case http1::Method::delete_:
    case http1::Method::options:
    case http1::Method::trace:
      return true;
    case http1::Method::post:
    case http1::Method::patch:
    case http1::Method::other:  // it may be
      return false;
  }
  return false;
}

Next choose_next(const Failure& failure, const Attempt& attempt) {
  if (attempt.response_has_begun || !attempt.can_replay) return Next::give_up;
  switch (failure.retry) {
    case Retry::never:
      return Next::give_up;
    case Retry::always:
      return attempt.has_untried_endpoint ? Next::other_endpoint : Next::give_up;
    case Retry::if_connection_was_reused:
      // §9.2.2: a request whose method is not idempotent is not repeated without "some means to
      // detect that the original request was never applied".
      return attempt.connection_was_reused && !attempt.was_replayed &&
                     (attempt.is_idempotent || attempt.was_left_unread)
                 ? Next::fresh_connection
                 : Next::give_up;
  }
  return Next::give_up;
}

}  // namespace proxy::upstream
