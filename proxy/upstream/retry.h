#pragma once

#include <chrono>
#include <cstddef>

#include "proxy/config/model.h"
#include "proxy/http/method.h"
#include "proxy/upstream/failure.h"

namespace proxy::upstream {

// By definition of the method, RFC 9110 §9.2.2: sent twice, it means what it means once.
bool is_idempotent(http::Method method);

// What is kept at most of a request, head and body as sent, on a pooled connection, in case that
// turns out to be dead, and for another endpoint, where the route asks for that: the usual form or
// JSON document with its head.
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
  bool has_budget = true;             // not too many are sent again already; Cluster::may_retry()
  std::size_t endpoints_tried = 0;    // with this one
  std::chrono::nanoseconds taken{0};  // since the request came
};

enum class Next {
  give_up,
  other_endpoint,  // one that this request has not tried
  // Only the connection was dead, or refused it: to another endpoint, else to this one anew.
  fresh_connection,
};

// The one place that decides whether a request is sent again. A request that an endpoint may have
// acted on is repeated only when that is harmless by definition.
// `rules`: the route's own; nullptr: it has none.
Next choose_next(const Failure& failure, const Attempt& attempt,
                 const config::NextUpstream* rules = nullptr);

// Whether another endpoint is asked when this one has answered so.
bool passes_on(int status, const Attempt& attempt, const config::NextUpstream& rules);

}  // namespace proxy::upstream
