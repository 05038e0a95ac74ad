#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "proxy/http/response_head.h"

namespace proxy::http2 {

// A response's head as HTTP/2 fields: names in lower case, hop-by-hop fields left out (RFC 9113
// §8.2.2). One per worker; what it gives lives until the next call.
class ResponseFields {
 public:
  // `date` is added to a final response that has none.
  const std::vector<nghttp2_nv>& of(const http::ResponseHead& head, std::string_view date);
  // Of a trailer. What says how a message ends has no place there (RFC 9110 §6.5.1).
  const std::vector<nghttp2_nv>& of(const std::vector<http::Field>& trailer);

 private:
  void begin(const std::vector<http::Field>& fields);
  void add(std::string_view name, std::string_view value);
  void add_in_lower_case(const http::Field& field);

  std::vector<nghttp2_nv> fields_;
  std::string names_;
  std::array<char, 3> status_{};
  std::array<char, 20> length_{};
};

}  // namespace proxy::http2
