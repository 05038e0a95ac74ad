#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

namespace proxy::http2 {

// A request's head, as http1::write_request_head() has it, as HTTP/2 fields (RFC 9113 §8.3.1): what
// an endpoint is told is decided in one place for both. One per worker; what it gives lives until
// the next call.
class RequestFields {
 public:
  // `scheme`: of the connection to the endpoint.
  const std::vector<nghttp2_nv>& of(std::string_view head, std::string_view scheme);
  // Of a trailer's lines.
  const std::vector<nghttp2_nv>& of_trailer(std::string_view lines);

 private:
  void add(std::string_view name, std::string_view value);
  void add_line(std::string_view line, bool is_of_trailer);

  std::vector<nghttp2_nv> fields_;
  std::string text_;  // the head, with names in lower case
};

}  // namespace proxy::http2
