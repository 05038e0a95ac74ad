#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/http/answer.h"
#include "proxy/http/request_head.h"
#include "proxy/http/response_head.h"

namespace proxy::http1 {

// Heads are written in one pass into memory that the caller has: ask for the bound, give that much,
// get the bytes used. Hop-by-hop fields (RFC 9110 §7.6.1: Connection and what it names, Keep-Alive,
// Proxy-*, TE, Trailer, Transfer-Encoding, Upgrade) are never copied; but Trailer where trailers
// pass.

// What the proxy tells the endpoint about the client.
struct Forwarding {
  std::string_view client_address{};  // IP literal without brackets
  std::string_view forwarded_for{};   // from the client to the peer; empty: the client is the peer
  std::string_view scheme{};          // "http" | "https"
  std::string_view host{};            // that the client asked for; empty: the request's own
  std::string_view port{};            // the port that the client came to, "443"
  std::string_view request_id{};      // see choose_request_id()
  std::string_view upstream_host{};   // the field Host; empty: the request's own
  std::string_view prefix{};          // X-Forwarded-Prefix; empty: what a trusted peer says
  // The peer is on the list of trusted proxies: what it says about its client, and what is not said
  // above, is kept, but for FieldId::attested. Else all of it is dropped.
  bool peer_is_trusted = false;
  bool forward_expect = false;  // pass Expect: 100-continue on, instead of dropping it
  bool passes_trailer = false;  // of the request; then it may be announced
};

// "GET /path?query HTTP/1.1", Host first, then the client's fields in order, then ours. The body is
// announced as head says: content_length, chunked, or nothing. With head.upgrade the two fields of
// an upgrade are written.
std::size_t request_head_bound(const http::RequestHead& head, const Forwarding& forwarding);
std::size_t write_request_head(const http::RequestHead& head, const Forwarding& forwarding,
                               std::span<char> out);

struct Delivery {
  http::Framing framing = http::Framing::none;  // towards the client, see downstream_framing()
  bool keep_alive = true;
  std::uint8_t client_minor_version = 1;
  std::string_view date{};      // IMF-fixdate for a response without Date; empty: none is added
  bool passes_trailer = false;  // which may be announced
};

// How to send this response's body on: an HTTP/1.0 client cannot read chunks, so it gets
// until_close (and Delivery::keep_alive must be false).
http::Framing downstream_framing(const http::ResponseHead& head, std::uint8_t client_minor_version);

// "HTTP/1.1 200 OK" whatever the client's version (RFC 9110 §6.2), fields in order, framing.
std::size_t response_head_bound(const http::ResponseHead& head, const Delivery& delivery);
std::size_t write_response_head(const http::ResponseHead& head, const Delivery& delivery,
                                std::span<char> out);

std::size_t answer_bound(const http::Answer& answer);
std::size_t write_answer(const http::Answer& answer, std::span<char> out);

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace proxy::http1
