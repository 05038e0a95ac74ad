#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "acme/problem.h"
#include "base/result.h"

namespace acme {

// Why a request to the ACME server gave no usable answer. The origins are told apart:
//   problem set             the server refused and said why;
//   ErrorClass::network     no answer came (error.kind unavailable, or cancelled by a stop
//   request); ErrorClass::protocol    an answer that breaks RFC 8555 (error.kind protocol); others
//   without problem  a bare HTTP error, as a proxy in between makes it: rate_limited for 429
//                           and for 503 with Retry-After, else server_internal.
// error.message is a full sentence for a person and holds the server's own words;
// error.retry_after is Retry-After in either form.
struct AcmeError {
  base::Error error;
  ErrorClass error_class = ErrorClass::other;
  std::optional<Problem> problem{};
};

// What a caller can do about this class, for base::Error.
base::ErrorKind kind_of(ErrorClass error_class);

// True when new_order failed because of its "replaces": ask once more without it (RFC 9773 §5). The
// types are alreadyReplaced, malformed, and a serverInternal that names the field.
bool replaces_was_refused(const AcmeError& error);

template <class T>
using AcmeResult = tl::expected<T, AcmeError>;

// An answer of the server: the resource, and when it wants to be asked again.
template <class T>
struct Answer {
  T value;
  std::optional<std::chrono::seconds> retry_after{};
};

}  // namespace acme
