#pragma once

#include <string_view>

#include "proxy/reason/words.h"

namespace proxy::upstream {

enum class Fault { client, upstream, ours };

// May the request be sent once more?
enum class Retry {
  never,
  if_connection_was_reused,  // the endpoint may have closed it while our request was on its way
  not_processed,             // the endpoint says that it did nothing for it (RFC 9113 §8.7)
  always,                    // nothing of the request can have reached an endpoint
};

// What kind of failure it is to who says when another endpoint is asked.
enum class FailureKind { error, timeout, invalid_answer };

// Why a request got no response, whose fault it is, and what the client is told.
struct Failure {
  Fault fault = Fault::ours;
  Retry retry = Retry::never;
  int status = 500;
  std::string_view reason;  // a token of static storage, for access log and metrics
  FailureKind kind = FailureKind::error;
};

// The endpoint took nothing of the request, or said nothing, for longer than its route lets it.
inline constexpr Failure kSendTimeout{Fault::upstream, Retry::never, 504,
                                      reason::upstream_send_timeout, FailureKind::timeout};
inline constexpr Failure kReadTimeout{Fault::upstream, Retry::never, 504,
                                      reason::upstream_read_timeout, FailureKind::timeout};
// Neither side of a call that was answered said anything for longer than one may be silent. The
// endpoint may have had nothing to say, so that is not remembered of it.
inline constexpr Failure kCallIdle{Fault::client, Retry::never, 504, reason::call_idle,
                                   FailureKind::timeout};

}  // namespace proxy::upstream
