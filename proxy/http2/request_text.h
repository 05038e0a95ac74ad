#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace proxy::http2 {

// Writes the fields of an HTTP/2 request down as the head of the HTTP/1.1 request that it stands
// for (RFC 9113 §8.3.1). The strict parser of HTTP/1 then judges both: there is one set of rules,
// and nothing can pass by HTTP/2 that an endpoint would read differently. How much it is given is
// bounded by its caller; see FieldAccount.
class RequestText {
 public:
  // Fields as they come, pseudo-header fields first. What opens a WebSocket (RFC 8441 §4) becomes
  // the GET with Upgrade that HTTP/1.1 has for it, but for its key, which is for each hop to
  // choose.
  void add(std::string_view name, std::string_view value);
  // The whole head with its empty line; nothing more may be added. Empty: the fields do not make a
  // request.
  std::string_view finish();

  // What came so far, for the log; unjudged.
  std::string_view method() const { return method_; }
  std::string_view path() const { return path_; }
  std::string_view authority() const { return authority_; }

  // Ready for another request. What a large one took is given back.
  void reset();
  std::size_t capacity() const;

  // What is kept over reset().
  static constexpr std::size_t kKeptBytes = 2u << 10;

 private:
  void begin_fields();
  void append(std::string_view name, std::string_view value);
  bool is_authority(std::string_view host) const;

  bool opens_websocket() const;

  std::string method_, path_, authority_, protocol_;
  std::string cookie_;
  std::string text_;
  std::string_view default_port_;  // ":443", of the scheme; empty: it has none that we know
  bool has_begun_fields_ = false;
  bool is_malformed_ = false;
};

}  // namespace proxy::http2
