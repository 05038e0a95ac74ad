#pragma once

#include <cstdint>
#include <string_view>

namespace proxy::http {

// The fields that a proxy treats in a way of its own; all others pass.
enum class FieldId : std::uint8_t {
  other,
  // A known name spelt with other marks for its hyphens ("X_Forwarded_For", "X.Real.IP"). Servers
  // that turn names into environment variables (RFC 3875 §4.1.18) cannot tell it from the real one,
  // so it is never forwarded.
  look_alike,
  // Says where the client is or how it came, which applications believe because a proxy in front of
  // them writes or drops it. Ours to write or to drop: from a peer that is no trusted proxy it is
  // never forwarded. The names are listed in field.cpp.
  about_client,
  // Likewise, but says what somebody in front is believed to have found out, and what guards go by:
  // who the user is, what a certificate said, which path is meant. A proxy that is trusted with
  // addresses may pass on what its client wrote there, so it is not forwarded from that either.
  attested,
  host,
  content_length,
  transfer_encoding,
  connection,
  keep_alive,
  proxy,  // "Proxy:", see httpoxy
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  te,
  trailer,
  upgrade,
  http2_settings,
  expect,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_port,
  x_forwarded_proto,
  x_forwarded_scheme,
  forwarded,  // RFC 7239
  x_real_ip,
  x_request_id,
  date,
  server,
};

// One header field. The views point into the buffer that was parsed (or, for HTTP/2, wherever the
// caller keeps them); the value has no surrounding whitespace.
struct Field {
  std::string_view name;
  std::string_view value;
  FieldId id = FieldId::other;
  bool dropped = false;  // named by Connection: for this hop only (RFC 9110 §7.6.1)
};

// Case-insensitive. By whole name, or by the beginning of the name where applications trust a whole
// family ("X-Forwarded-*").
FieldId field_id(std::string_view name);
// For one hop only, both ways (RFC 9110 §7.6.1), and what is never passed on; what a message's own
// Connection fields name is in Field::dropped.
bool is_hop_by_hop(FieldId id);
bool equals_ignoring_case(std::string_view a, std::string_view b);
// Whether a server that turns names into environment variables may take one for the other.
bool is_same_to_cgi(std::string_view a, std::string_view b);
// Whether a name would be Content-Length or Transfer-Encoding for a parser that passes over marks
// ("Content_Length", "'Transfer-Encoding", "transfer.encoding", "_content-length") and is neither.
// Whoever is behind us might be such a parser, and frame the message by it.
bool is_disguised_framing(std::string_view name);
inline bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
// Without the blanks at both ends (OWS, RFC 9110 §5.6.3).
inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Host or :authority: reg-name, IPv4 or [IPv6], and an optional port (RFC 3986 §3.2.2); no
// userinfo.
bool is_valid_authority(std::string_view authority);

}  // namespace proxy::http
