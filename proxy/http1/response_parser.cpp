#include "proxy/http1/response_parser.h"

#include <cstring>

#include "proxy/http/character_tables.h"
#include "proxy/http1/field_line.h"

namespace proxy::http1 {
namespace {

using http::all_in_class;
using http::equals_ignoring_case;
using http::Failure;
using http::Field;
using http::FieldId;
using http::Framing;
using http::is_blank;
using http::is_disguised_framing;
using http::kFieldValue;
using http::ResponseHead;

// status-line = HTTP-version SP status-code SP [ reason-phrase ], RFC 9112 §4. The second space may
// be missing with an empty phrase: many servers leave it out, and it cannot be misread.
Failure parse_status_line(std::string_view line, ResponseHead& head) {
  if (line.empty() || line.back() != '\r') return Failure::bad_line_ending;
  line.remove_suffix(1);
  constexpr std::string_view kOne = "HTTP/1.";
  constexpr std::size_t kBeforeReason = 12;  // "HTTP/1.1 200"
  if (line.size() < kBeforeReason || line.substr(0, 5) != kOne.substr(0, 5)) {
    return Failure::bad_status_line;
  }
  if (line.substr(0, 7) != kOne || line[7] < '0' || line[7] > '9') {
    return Failure::version_not_supported;
  }
  head.minor_version = static_cast<std::uint8_t>(line[7] == '0' ? 0 : 1);

  if (line[8] != ' ') return Failure::bad_status_line;
  for (std::size_t i = 9; i < kBeforeReason; ++i) {
    if (line[i] < '0' || line[i] > '9') return Failure::bad_status_line;
    head.status = head.status * 10 + (line[i] - '0');
  }
  // RFC 9110 §15: above 599 there are no codes, but servers use some, and a client takes them for
  // errors of the server. They frame their bodies as any others do, so they pass.
  if (head.status < 100) return Failure::bad_status_line;

  if (line.size() == kBeforeReason) return Failure::none;
  if (line[kBeforeReason] != ' ') return Failure::bad_status_line;
  head.reason = line.substr(kBeforeReason + 1);
  return all_in_class(head.reason, kFieldValue) ? Failure::none : Failure::bad_status_line;
}

// RFC 9110 §15.2.2: a 101 names what it changes to, and §7.8: that is among what was offered.
bool accepts(const ResponseHead& head, const ConnectionOptions& connection,
             std::string_view offered) {
  if (offered.empty() || !connection.upgrade) return false;
  const auto is_offered = [&](std::string_view protocol) {
    bool found = false;
    for_each_protocol(offered, [&](std::string_view offer) {
      found = found || equals_ignoring_case(offer, protocol);
    });
    return found;
  };
  bool names_one = false;
  bool all_offered = true;
  for (const Field& field : head.fields) {
    if (field.id != FieldId::upgrade) continue;
    if (names_one) return false;  // the client is told of one field
    const bool is_list = for_each_protocol(field.value, [&](std::string_view protocol) {
      names_one = true;
      all_offered = all_offered && is_offered(protocol);
    });
    if (!is_list) return false;
  }
  return names_one && all_offered;
}

}  // namespace

void ResponseParser::reset() {
  *this = ResponseParser(*limits_);
}

ResponseParser::Outcome ResponseParser::fail(Failure failure) {
  failure_ = failure;
  return Outcome::failed;
}

ResponseParser::Outcome ResponseParser::parse(std::string_view buffer, Question question,
                                              ResponseHead& head) {
  if (failure_ != Failure::none) return Outcome::failed;
  if (last_buffer_.data() != nullptr && last_buffer_.data() != buffer.data()) {
    head.rebase(last_buffer_, buffer.data());
  }
  last_buffer_ = buffer;

  while (searched_ < buffer.size()) {
    const char* const from = buffer.data() + searched_;
    const auto* const lf =
        static_cast<const char*>(std::memchr(from, '\n', buffer.size() - searched_));
    if (lf == nullptr) break;
    const std::string_view line(buffer.data() + position_,
                                static_cast<std::size_t>(lf - buffer.data()) - position_);
    const std::size_t line_end = position_ + line.size() + 1;
    if (line_end > limits_->head_bytes_max) return fail(Failure::head_too_large);

    Failure failure = Failure::none;
    if (!status_line_done_) {
      failure = parse_status_line(line, head);
      status_line_done_ = true;
    } else if (line == "\r") {
      failure = finish(question, head);
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
  if (buffer.size() > limits_->head_bytes_max) return fail(Failure::head_too_large);
  return Outcome::needs_more;
}

Failure ResponseParser::take_field(std::string_view line, ResponseHead& head) {
  if (!line.empty() && is_blank(line.front())) return take_folded(line, head);
  if (head.fields.size() == limits_->fields_max) return Failure::too_many_fields;
  Field& field = head.fields.emplace_back();
  const Failure failure = parse_field_line(line, BeforeColon::blanks, field);
  if (failure != Failure::none) return failure;

  switch (field.id) {
    case FieldId::content_length:
      return take_content_length(field.value, head.content_length);
    case FieldId::transfer_encoding:
      if (chunked_ || head.minor_version == 0) return Failure::bad_transfer_encoding;
      if (!equals_ignoring_case(field.value, "chunked")) {
        return Failure::transfer_encoding_not_supported;
      }
      chunked_ = true;
      return Failure::none;
    case FieldId::connection:
      return read_connection(field.value, connection_) ? Failure::none : Failure::bad_field_value;
    case FieldId::other:
    case FieldId::look_alike:
      // Not a reason to lose the response: the framing we write is our own.
      field.dropped = is_disguised_framing(field.name);
      return Failure::none;
    default:
      return Failure::none;
  }
}

// A line that goes on with the field before it (obs-fold). The parts are put together in the head,
// at most as many bytes as the head has. What was read when its first line came is not read again,
// so those fields cannot be folded.
Failure ResponseParser::take_folded(std::string_view line, ResponseHead& head) const {
  if (head.fields.empty()) return Failure::bad_field_name;
  Field& field = head.fields.back();
  switch (field.id) {
    case FieldId::content_length:
    case FieldId::transfer_encoding:
    case FieldId::connection:
      return Failure::folded_framing_field;
    default:
      break;
  }
  std::string_view more;
  const Failure failure = parse_field_value(line, more);
  if (failure != Failure::none || more.empty()) return failure;
  const bool is_first_fold =
      head.unfolded.empty() || head.unfolded.front().data() != field.value.data();
  if (is_first_fold) head.unfolded.emplace_front(field.value);
  std::string& value = head.unfolded.front();
  if (!value.empty()) value += ' ';
  value += more;
  field.value = value;
  return Failure::none;
}

// RFC 9112 §6.3, in its order.
Failure ResponseParser::finish(Question question, ResponseHead& head) const {
  if (chunked_ && head.content_length) return Failure::length_and_transfer_encoding;
  head.keep_alive = !connection_.close && (head.minor_version == 1 || connection_.keep_alive);
  if (connection_.names_fields) drop_named_fields(head.fields);

  if (head.status == 101) {
    if (!accepts(head, connection_, question.offered_upgrade)) return Failure::unexpected_upgrade;
    head.framing = Framing::tunnel;
    head.content_length
        .reset();  // RFC 9110 §8.6 forbids it; whatever it says, the tunnel has no end
    return Failure::none;
  }
  const bool never_has_body = head.status < 200 || head.status == 204;
  if (never_has_body) {
    // RFC 9110 §8.6 and RFC 9112 §6.1 forbid these fields here. Whoever sends them may send a body
    // as well: it must not become the next answer.
    if (chunked_ || head.content_length.value_or(0) > 0) head.keep_alive = false;
    head.content_length.reset();
  }
  if (never_has_body || head.status == 304 || question.head_method) {
    head.framing = Framing::none;
  } else if (chunked_) {
    head.framing = Framing::chunked;
  } else if (head.content_length) {
    head.framing = *head.content_length > 0 ? Framing::length : Framing::none;
  } else {
    head.framing = Framing::until_close;
    head.keep_alive = false;
  }
  return Failure::none;
}

}  // namespace proxy::http1
