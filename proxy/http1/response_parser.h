#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/http/failure.h"
#include "proxy/http/response_head.h"
#include "proxy/http1/connection_options.h"
#include "proxy/http1/request_parser.h"

namespace proxy::http1 {

// What the response answers; it decides whether there is a body.
struct Question {
  bool head_method = false;
  // RequestHead::upgrade of the request; 101 to anything else is unexpected_upgrade.
  std::string_view offered_upgrade{};
};

// Reads what an endpoint answers, as strictly as RequestParser: conflicting lengths from a backend
// are how responses are smuggled to the next client on that connection. A failure means 502 and
// closing the connection. 1xx heads come out like any other; reset() and read on.
//
// Taken although RFC 9112 has it otherwise, because it cannot be read in two ways: a status of
// three digits above 599 (RFC 9110 §15: as if it were 5xx; some sites use 999), obs-fold, which
// becomes one space (RFC 9112 §5.2) unless the field says how the message ends, and blanks between
// a field's name and its colon, which are taken away (§5.1).
class ResponseParser {
 public:
  enum class Outcome { needs_more, complete, failed };

  explicit ResponseParser(const Limits& limits) : limits_(&limits) {}

  Outcome parse(std::string_view buffer, Question question, http::ResponseHead& head);

  std::size_t head_bytes() const { return position_; }
  http::Failure failure() const { return failure_; }
  bool has_begun() const { return position_ > 0 || searched_ > 0; }
  void reset();

 private:
  Outcome fail(http::Failure failure);
  http::Failure take_field(std::string_view line, http::ResponseHead& head);
  http::Failure take_folded(std::string_view line, http::ResponseHead& head) const;
  http::Failure finish(Question question, http::ResponseHead& head) const;

  const Limits* limits_;
  std::string_view last_buffer_;
  std::size_t position_ = 0;
  std::size_t searched_ = 0;
  bool status_line_done_ = false;
  bool chunked_ = false;
  ConnectionOptions connection_;
  http::Failure failure_ = http::Failure::none;
};

}  // namespace proxy::http1
