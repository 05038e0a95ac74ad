#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace proxy::http2 {

// Writes the fields of an HTTP/2 request down as the head of the HTTP/1.1 request that it stands
// for (RFC 9113 §8.3.1). The strict parser of HTTP/1 then judges both: there is one set of rules,
// and nothing can pass by HTTP/2 that an endpoint would read differently.
class RequestText {
 public:
  // Fields as they come, pseudo-header fields first.
  void add(std::string_view name, std::string_view value);
  // The whole head with its empty line; nothing more may be added. Empty: the fields do not make a
  // request.
  std::string_view finish();
  // More than this was given; the text is not complete, and too large to be served.
  static constexpr std::size_t kBytesMax = 64u << 10;

  void reset();

 private:
  void begin_fields();
  void append(std::string_view name, std::string_view value);

  std::string method_, path_, authority_;
  std::string cookie_;
  std::string text_;
  bool has_begun_fields_ = false;
  bool is_malformed_ = false;
};

}  // namespace proxy::http2
