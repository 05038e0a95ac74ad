#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "acme/problem.h"
#include "base/result.h"

namespace acme {

// Why a request to the ACME server gave no usable answer. Three origins are told apart:
//   problem set                            the server refused and said why;
//   error_class == ErrorClass::network     no answer, or an HTTP error without a problem document;
//   error_class == ErrorClass::protocol    an answer that breaks RFC 8555 (error.kind protocol).
// error.message is a full sentence for a person and holds the server's own words;
// error.retry_after is Retry-After in either form. A stop request is error.kind cancelled.
struct AcmeError {
  base::Error error;
  ErrorClass error_class = ErrorClass::other;
  std::optional<Problem> problem{};
};

template <class T>
using AcmeResult = tl::expected<T, AcmeError>;

// An answer of the server: the resource, and when it wants to be asked again.
template <class T>
struct Answer {
  T value;
  std::optional<std::chrono::seconds> retry_after{};
};

}  // namespace acme
