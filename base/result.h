#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace base {

// What a caller can do about a failure. Kinds name the reaction, not the library that failed.
enum class ErrorKind {
  not_found,     // the thing is absent; often not an error to the caller
  conflict,      // somebody else wrote first: read again and retry
  expired,       // HTTP 410: our view is too old, list again
  rate_limited,  // wait for retry_after
  unavailable,   // network, 5xx, timeout: back off and retry
  denied,        // 401/403: retry slowly, a human must act
  invalid,       // our input is wrong: do not retry until it changes
  protocol,      // the peer broke the specification
  cancelled,     // we were asked to stop while it was under way
};

struct Error {
  ErrorKind kind;
  std::string message;                                // a full sentence for a log line or an Event
  std::optional<std::chrono::seconds> retry_after{};  // from Retry-After, when the server said so
  std::string reason{};  // the peer's own word for it ("AlreadyExists"), when it has one

  bool is_permanent() const { return kind == ErrorKind::invalid; }
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> failure(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message)});
}

inline tl::unexpected<Error> failure(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

// Prefixes the message with what the caller was doing:
// "placing order for shop/www: HTTP 503 from https://ca.example/new-order".
inline Error while_doing(std::string_view doing, Error error) {
  error.message.insert(0, ": ").insert(0, doing);
  return error;
}

}  // namespace base
