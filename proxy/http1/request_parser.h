#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/http/failure.h"
#include "proxy/http/request_head.h"
#include "proxy/http1/connection_options.h"

namespace proxy::http1 {

// What is never exceeded, whatever a client sends.
struct Limits {
  std::size_t request_line_bytes_max = 8u << 10;  // 414 above it
  std::size_t head_bytes_max = 32u << 10;         // all of the head, its last CRLF included; 431
  std::size_t fields_max = 100;                   // 431
};

// Reads request heads, strictly by RFC 9112: where that leaves a choice between refusing and
// repairing, it refuses, because a message that two parsers read differently is how requests are
// smuggled. Incremental, no I/O, no allocation once the head's storage has grown.
//
//   RequestParser parser(limits);
//   switch (parser.parse(all_bytes_so_far, head)) ...
//
// Each call gets the whole head so far from its first byte, which may have moved since; finished
// lines are not read again. One parser and head per request; reset() both for the next one.
class RequestParser {
 public:
  enum class Outcome { needs_more, complete, failed };

  explicit RequestParser(const Limits& limits) : limits_(&limits) {}  // limits outlive the parser

  Outcome parse(std::string_view buffer, http::RequestHead& head);

  std::size_t head_bytes() const { return position_; }  // after complete: where the body starts
  http::Failure failure() const { return failure_; }    // after failed
  // Of a request that was refused, or that never came to its end: puts what can be made out of its
  // method, target and host into a head that lacks them, for the log and for nothing else. Not a
  // bit of it was judged.
  void describe_unread(http::RequestHead& head) const;
  bool has_begun() const { return position_ > 0 || searched_ > 0; }  // some byte was seen
  void reset();

 private:
  Outcome fail(http::Failure failure);
  http::Failure over_limit(std::size_t end) const;
  bool cannot_be_a_request(std::string_view buffer) const;
  http::Failure take_request_line(std::string_view line, http::RequestHead& head);
  http::Failure take_target(std::string_view target, http::RequestHead& head);
  http::Failure take_absolute_form(std::string_view target, http::RequestHead& head);
  http::Failure take_field(std::string_view line, http::RequestHead& head);
  http::Failure take_host(std::string_view value, http::RequestHead& head);
  http::Failure finish(http::RequestHead& head) const;

  const Limits* limits_;
  std::string_view last_buffer_;  // where the bytes were at the last call
  std::size_t position_ = 0;      // start of the line being read
  std::size_t searched_ = 0;      // no LF in [position_, searched_)
  bool request_line_done_ = false;
  std::uint8_t empty_lines_ = 0;  // before the request line
  bool absolute_form_ = false;
  bool has_host_field_ = false;
  ConnectionOptions connection_;
  http::Failure failure_ = http::Failure::none;
};

}  // namespace proxy::http1
