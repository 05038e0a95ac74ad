#pragma once

#include <cstddef>

#include "proxy/http1/request_parser.h"
#include "proxy/upstream/failure.h"

namespace proxy::upstream {

// By definition of the method, RFC 9110 §9.2.2: sent twice, it means what it means once.
bool is_idempotent(http1::Method method);

// What is kept at most of a request, head and body as sent, on a pooled connection, in case that
// turns out to be dead: the usual form or JSON document with its head.
inline constexpr std::size_t kReplayBytesMax = 16u << 10;

// What is known about a request when its attempt failed.
struct Attempt {
  bool is_idempotent = false;
  bool can_replay = false;          // all that was taken from the client is still at hand
  bool response_has_begun = false;  // at least a byte of it arrived
  bool connection_was_reused = false;
  bool was_left_unread = false;  // no byte of it can have been read; Connection::was_left_unread()
  bool was_replayed = false;     // a fresh connection was tried for it already
  bool has_untried_endpoint = false;
};

enum class Next {
  give_up,
  other_endpoint,    // one that this request has not tried
  fresh_connection,  // only the pooled one was dead: to another endpoint, else to this one anew
};

// The one place that decides whether a request is sent again. A request that an endpoint may have
// acted on is repeated only when that is harmless by definition.
Next choose_next(const Failure& failure, const Attempt& attempt);

}  // namespace proxy::upstream
