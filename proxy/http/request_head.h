#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/field.h"
#include "proxy/http/method.h"

namespace proxy::http {

// A request's head. Views point into the caller's buffer; they live as long as those bytes stay
// where they are. HTTP/2 fills the same structure, so everything after the codec is written once.
// Keeps its storage over reset(): keep one per request in flight, not one per idle connection.
struct RequestHead {
  Method method = Method::other;
  std::string_view method_text;
  // The request-target without scheme and authority: "/a/b" and "?x=1" (with its "?"), or "*".
  std::string_view path;
  std::string_view query;
  // The authority that the client asked for: of an absolute-form target, else of Host; with port.
  // Empty for an empty Host, and in HTTP/1.0 without one: the client names no host.
  std::string_view host;
  std::vector<Field> fields;  // in order, Host included

  std::uint8_t minor_version = 1;  // HTTP/1.0, or HTTP/1.1 and what follows it
  bool chunked = false;            // then content_length is absent
  std::optional<std::uint64_t> content_length;
  bool keep_alive = true;
  bool expects_continue = false;  // Expect: 100-continue, to be answered before a body
  bool takes_trailers = false;    // TE: trailers
  // What the client offers to go on with instead of HTTP, as its Upgrade field has it:
  // "websocket", "SPDY/3.1". Empty: nothing that is passed on.
  std::string_view upgrade{};

  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
  // The first field with this id, or nullptr.
  const Field* find(FieldId id) const;
  void reset();
  // Moves the views that point into `from` (its bytes may be gone by now) to the copy at `to`.
  void rebase(std::string_view from, const char* to);
  // Copies all that its views point to, wherever that is, to the end of `storage`, which has room
  // for this much more and must not move any more.
  std::size_t views_bytes() const;
  void keep_in(std::string& storage);
};

}  // namespace proxy::http
