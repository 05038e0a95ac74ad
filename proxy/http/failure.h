#pragma once

#include <cstdint>
#include <string_view>

namespace proxy::http {

// Why a message was refused. Each has the HTTP status to answer with and a stable token for the
// access log and metrics. After any of them the connection is closed: what follows a message that
// two parsers could read differently is never read (RFC 9112 §11.2).
enum class Failure : std::uint8_t {
  none,
  // The request line, or for a response the status line.
  bad_request_line,
  bad_method,
  bad_target,
  connect_not_supported,  // CONNECT: this is a reverse proxy
  tls_on_plain_port,      // a ClientHello where HTTP is spoken
  too_many_empty_lines,   // before a request line
  request_line_too_long,
  version_not_supported,
  bad_status_line,
  // Header fields.
  bad_line_ending,          // a bare CR or LF
  bad_field_name,           // in a request also whitespace before the colon, and obs-fold
  disguised_framing_field,  // "Content_Length", "'Transfer-Encoding": one only for some parsers
  bad_field_value,
  head_too_large,
  too_many_fields,
  missing_host,
  duplicate_host,
  bad_host,
  bad_content_length,
  duplicate_content_length,         // with another value
  bad_transfer_encoding,            // repeated, or in HTTP/1.0
  transfer_encoding_not_supported,  // anything but exactly "chunked"
  length_and_transfer_encoding,     // both Content-Length and Transfer-Encoding
  expectation_failed,
  // The body.
  bad_chunk_size,
  chunk_line_too_long,
  bad_chunk_end,
  bad_trailer,
  trailers_too_large,
  truncated_body,  // the connection ended inside a body of known length
  // Responses only.
  folded_framing_field,  // obs-fold in a field that says how the message ends
  unexpected_upgrade,    // 101 that nobody asked for, or to what nobody asked for
};

// 400, 405, 414, 417, 431, 501 or 505: what a client that sent this gets. An upstream's fault is
// 502 whatever the failure.
int status_of(Failure failure);
// "bad_host": stable, lower case, no spaces.
std::string_view reason_of(Failure failure);
// The same of a response: "upstream_bad_field_name". Whose fault it is must be in the word, since
// the access log and metrics have requests and responses side by side.
std::string_view response_reason_of(Failure failure);

}  // namespace proxy::http
