#include "proxy/http1/request_parser.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "proxy/http/character_tables.h"
#include "proxy/http/trailer.h"
#include "proxy/http1/field_line.h"

namespace proxy::http1 {
namespace {

using http::all_in_class;
using http::equals_ignoring_case;
using http::Failure;
using http::Field;
using http::FieldId;
using http::is_disguised_framing;
using http::is_in_class;
using http::is_valid_authority;
using http::kPathForbidden;
using http::kTarget;
using http::kToken;
using http::Method;
using http::method_of;
using http::RequestHead;
using http::takes_trailers;

// A client that pipelines may end each body with an empty line, and one that talks by hand may send
// some: RFC 9112 §2.2 asks for one at least to be ignored.
constexpr std::uint8_t kEmptyLinesMax = 16;

// Of a target that was not read, in the log.
constexpr std::size_t kDescribedBytesMax = 512;

// HTTP-version, RFC 9112 §2.3; nothing when it is not even of that form. A higher minor version is
// served as the highest we know (RFC 9110 §6.2).
std::optional<std::uint8_t> minor_version_of(std::string_view text, Failure& failure) {
  constexpr std::string_view kOne = "HTTP/1.";
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() == 8 && text.substr(0, 7) == kOne && is_digit(text[7])) {
    return static_cast<std::uint8_t>(text[7] == '0' ? 0 : 1);
  }
  const bool is_version = text.size() == 8 && text.substr(0, 5) == "HTTP/" && is_digit(text[5]) &&
                          text[6] == '.' && is_digit(text[7]);
  failure = is_version ? Failure::version_not_supported : Failure::bad_request_line;
  return std::nullopt;
}

// Splits "/path?query", its characters already checked but for the path's own.
Failure take_path_and_query(std::string_view text, RequestHead& head) {
  const std::size_t path_bytes = std::min(text.find('?'), text.size());
  head.path = text.substr(0, path_bytes);
  head.query = text.substr(path_bytes);
  for (const char c : head.path) {
    if (is_in_class(c, kPathForbidden)) return Failure::bad_target;
  }
  return Failure::none;
}

// HTTP/2 in the clear: what follows would be requests that pass nobody's rules.
bool is_http2(std::string_view protocol) {
  const std::string_view name = protocol.substr(0, protocol.find('/'));
  return equals_ignoring_case(name, "h2c") || equals_ignoring_case(name, "h2") ||
         equals_ignoring_case(name, "http");
}

// What of the Upgrade field is passed on: all of it, or nothing, and the request is then an
// ordinary one (RFC 9110 §7.8: "A server MAY ignore a received Upgrade header field"). A request
// with a body in chunks is. Beside one with a length it is for whoever passes it on: §7.8 has the
// protocol begin behind the body, and only a body that is whole has an end that nobody moves.
std::string_view offered_upgrade(const RequestHead& head) {
  if (head.chunked || head.method == Method::head) return {};
  const Field* found = nullptr;
  for (const Field& field : head.fields) {
    if (field.id != FieldId::upgrade) continue;
    if (found != nullptr) return {};
    found = &field;
  }
  if (found == nullptr) return {};
  bool has_http2 = false;
  const bool is_list = for_each_protocol(found->value, [&](std::string_view protocol) {
    has_http2 = has_http2 || is_http2(protocol);
  });
  return is_list && !has_http2 ? found->value : std::string_view();
}

}  // namespace

void RequestParser::reset() {
  *this = RequestParser(*limits_);
}

RequestParser::Outcome RequestParser::fail(Failure failure) {
  failure_ = failure;
  return Outcome::failed;
}

// What a byte at `end` of the line at position_ would break. Depends on nothing but the bytes, so
// that the verdict is the same however they arrive.
Failure RequestParser::over_limit(std::size_t end) const {
  const std::size_t line_end_max = position_ + limits_->request_line_bytes_max;
  if (!request_line_done_ && end > line_end_max && line_end_max <= limits_->head_bytes_max) {
    return Failure::request_line_too_long;
  }
  return end > limits_->head_bytes_max ? Failure::head_too_large : Failure::none;
}

// A first byte that no method has, as of a TLS handshake on a plain port: no line of it may ever
// come, so this is not left to the header timeout.
bool RequestParser::cannot_be_a_request(std::string_view buffer) const {
  if (request_line_done_ || position_ >= buffer.size()) return false;
  const char first = buffer[position_];
  return first != '\r' && first != '\n' && !is_in_class(first, kToken);
}

RequestParser::Outcome RequestParser::parse(std::string_view buffer, RequestHead& head) {
  if (failure_ != Failure::none) return Outcome::failed;
  if (last_buffer_.data() != nullptr && last_buffer_.data() != buffer.data()) {
    head.rebase(last_buffer_, buffer.data());
  }
  last_buffer_ = buffer;

  // A line is looked at when all of it is there.
  while (searched_ < buffer.size()) {
    if (cannot_be_a_request(buffer)) {
      constexpr char kHandshakeRecord = '\x16';  // RFC 8446 §5.1
      const bool is_tls = buffer[position_] == kHandshakeRecord;
      return fail(is_tls ? Failure::tls_on_plain_port : Failure::bad_method);
    }
    const char* const from = buffer.data() + searched_;
    const auto* const lf =
        static_cast<const char*>(std::memchr(from, '\n', buffer.size() - searched_));
    if (lf == nullptr) break;
    const std::string_view line(buffer.data() + position_,
                                static_cast<std::size_t>(lf - buffer.data()) - position_);
    const std::size_t line_end = position_ + line.size() + 1;
    Failure failure = over_limit(line_end);
    if (failure != Failure::none) return fail(failure);

    const bool is_empty_line = line == "\r";
    if (!request_line_done_ && is_empty_line) {
      if (++empty_lines_ > kEmptyLinesMax) failure = Failure::too_many_empty_lines;
    } else if (!request_line_done_) {
      failure = take_request_line(line, head);
      request_line_done_ = true;
    } else if (is_empty_line) {
      failure = finish(head);
      if (failure != Failure::none) return fail(failure);
      position_ = searched_ = line_end;
      return Outcome::complete;
    } else {
      failure = take_field(line, head);
    }
    if (failure != Failure::none) return fail(failure);
    position_ = searched_ = line_end;
  }
  searched_ = buffer.size();
  const Failure failure = over_limit(buffer.size());
  return failure == Failure::none ? Outcome::needs_more : fail(failure);
}

// request-line = method SP request-target SP HTTP-version, RFC 9112 §3. Single spaces only.
Failure RequestParser::take_request_line(std::string_view line, RequestHead& head) {
  if (line.empty() || line.back() != '\r') return Failure::bad_line_ending;
  line.remove_suffix(1);

  std::size_t end = 0;
  while (end < line.size() && is_in_class(line[end], kToken)) ++end;
  if (end == 0 || end == line.size() || line[end] != ' ') return Failure::bad_method;
  head.method_text = line.substr(0, end);
  head.method = method_of(head.method_text);
  line.remove_prefix(end + 1);

  end = 0;
  while (end < line.size() && is_in_class(line[end], kTarget)) ++end;
  if (end == 0 || (end < line.size() && line[end] != ' ')) return Failure::bad_target;
  const std::string_view target = line.substr(0, end);
  if (end == line.size()) return Failure::bad_request_line;  // HTTP/0.9
  line.remove_prefix(end + 1);

  Failure failure = Failure::none;
  const auto minor_version = minor_version_of(line, failure);
  if (!minor_version) return failure;
  head.minor_version = *minor_version;
  return take_target(target, head);
}

// The four forms of RFC 9112 §3.2.
Failure RequestParser::take_target(std::string_view target, RequestHead& head) {
  if (head.method_text == "CONNECT") return Failure::connect_not_supported;
  if (target.front() == '/') return take_path_and_query(target, head);
  if (target == "*") {
    head.path = target;
    return head.method == Method::options ? Failure::none : Failure::bad_target;
  }
  return take_absolute_form(target, head);
}

Failure RequestParser::take_absolute_form(std::string_view target, RequestHead& head) {
  const std::size_t scheme_bytes = target.find("://");
  if (scheme_bytes == std::string_view::npos) return Failure::bad_target;
  const std::string_view scheme = target.substr(0, scheme_bytes);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
    return Failure::bad_target;
  }
  const std::string_view rest = target.substr(scheme_bytes + 3);
  const std::size_t authority_bytes = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, authority_bytes);
  if (!is_valid_authority(authority)) return Failure::bad_target;

  // §3.2.2: this authority replaces what Host says.
  absolute_form_ = true;
  head.host = authority;
  const Failure failure = take_path_and_query(rest.substr(authority_bytes), head);
  if (head.path.empty()) {
    // §3.2.4: OPTIONS for a target without a path is about the server.
    const bool asks_server = head.method == Method::options && head.query.empty();
    head.path = asks_server ? "*" : "/";
  }
  return failure;
}

Failure RequestParser::take_field(std::string_view line, RequestHead& head) {
  if (head.fields.size() == limits_->fields_max) return Failure::too_many_fields;
  Field& field = head.fields.emplace_back();
  const Failure failure = parse_field_line(line, BeforeColon::nothing, field);
  if (failure != Failure::none) return failure;

  switch (field.id) {
    case FieldId::host:
      return take_host(field.value, head);
    case FieldId::content_length:
      return take_content_length(field.value, head.content_length);
    case FieldId::transfer_encoding:
      // §6.1: HTTP/1.0 has none, and whoever sends it there may be framing something else.
      if (head.chunked || head.minor_version == 0) return Failure::bad_transfer_encoding;
      if (!equals_ignoring_case(field.value, "chunked")) {
        return Failure::transfer_encoding_not_supported;
      }
      head.chunked = true;
      return Failure::none;
    case FieldId::connection:
      return read_connection(field.value, connection_) ? Failure::none : Failure::bad_field_value;
    case FieldId::expect:
      // RFC 9110 §10.1.1: the one expectation there is, and not in HTTP/1.0.
      if (!equals_ignoring_case(field.value, "100-continue")) return Failure::expectation_failed;
      head.expects_continue = head.minor_version == 1;
      return Failure::none;
    case FieldId::te:
      head.takes_trailers = head.takes_trailers || takes_trailers(field.value);
      return Failure::none;
    case FieldId::other:
    case FieldId::look_alike:
      return is_disguised_framing(field.name) ? Failure::disguised_framing_field : Failure::none;
    default:
      return Failure::none;
  }
}

// §3.2: exactly one, whatever the target's form.
Failure RequestParser::take_host(std::string_view value, RequestHead& head) {
  if (has_host_field_) return Failure::duplicate_host;
  has_host_field_ = true;
  // An empty one is valid: the client has no host to name (§3.2).
  if (!value.empty() && !is_valid_authority(value)) return Failure::bad_host;
  if (!absolute_form_) head.host = value;
  return Failure::none;
}

Failure RequestParser::finish(RequestHead& head) const {
  if (!has_host_field_ && head.minor_version == 1) return Failure::missing_host;
  // §6.3: "ought to be handled as an error".
  if (head.chunked && head.content_length) return Failure::length_and_transfer_encoding;

  // §9.3
  head.keep_alive = !connection_.close && (head.minor_version == 1 || connection_.keep_alive);
  if (connection_.upgrade && head.minor_version == 1) head.upgrade = offered_upgrade(head);
  if (connection_.names_fields) drop_named_fields(head.fields);
  return Failure::none;
}

void RequestParser::describe_unread(RequestHead& head) const {
  std::string_view rest = last_buffer_.substr(std::min(position_, last_buffer_.size()));
  const auto take_line = [&rest] {
    const std::string_view line = rest.substr(0, rest.find_first_of("\r\n"));
    rest.remove_prefix(std::min(rest.size(), rest.find('\n') + 1));
    return line;
  };
  if (head.path.empty()) {
    const std::string_view line = take_line();
    const std::size_t space = std::min(line.find(' '), line.size());
    if (!all_in_class(line.substr(0, space), kToken)) return;  // no HTTP at all
    head.method_text = line.substr(0, std::min(space, kDescribedBytesMax));
    const std::string_view target = line.substr(std::min(space + 1, line.size()));
    head.path = target.substr(0, std::min(target.find(' '), kDescribedBytesMax));
  }
  while (head.host.empty() && rest.find('\n') != std::string_view::npos) {
    const std::string_view line = take_line();
    if (line.empty()) return;  // the head's end
    constexpr std::string_view kHost = "host:";
    if (!equals_ignoring_case(line.substr(0, kHost.size()), kHost)) continue;
    std::string_view value = line.substr(kHost.size());
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    head.host = value.substr(0, kDescribedBytesMax);
  }
}

}  // namespace proxy::http1
