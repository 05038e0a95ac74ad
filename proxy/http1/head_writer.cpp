#include "proxy/http1/head_writer.h"

#include <cassert>
#include <charconv>
#include <cstring>

#include "base/status_phrase.h"

namespace proxy::http1 {
namespace {

using http::Answer;
using http::equals_ignoring_case;
using http::Field;
using http::FieldId;
using http::Framing;
using http::is_hop_by_hop;
using http::RequestHead;
using http::ResponseHead;

// Appends to memory that is known to be large enough.
class Cursor {
 public:
  explicit Cursor(std::span<char> out)
      : begin_(out.data()), p_(out.data()), end_(p_ + out.size()) {}

  Cursor& operator<<(std::string_view text) {
    assert(static_cast<std::size_t>(end_ - p_) >= text.size());
    if (!text.empty()) std::memcpy(p_, text.data(), text.size());
    p_ += text.size();
    return *this;
  }
  Cursor& number(std::uint64_t value) {
    p_ = std::to_chars(p_, end_, value).ptr;
    return *this;
  }
  // RFC 9112 §4: a status has three.
  Cursor& three_digits(int value) {
    *p_++ = static_cast<char>('0' + value / 100 % 10);
    *p_++ = static_cast<char>('0' + value / 10 % 10);
    *p_++ = static_cast<char>('0' + value % 10);
    return *this;
  }
  std::size_t written() const { return static_cast<std::size_t>(p_ - begin_); }

 private:
  char* begin_;
  char* p_;
  char* end_;
};

constexpr std::size_t kNumberBytesMax = 20;
constexpr int kNoContent = 204;  // RFC 9110 §8.6: without a Content-Length

// Most lie in what was read as they are written: one copy for all of it.
bool lies_as_written(const Field& field) {
  const char* const behind_name = field.name.data() + field.name.size();
  return field.value.data() == behind_name + 2 && behind_name[0] == ':' && behind_name[1] == ' ';
}

void write_field(Cursor& out, const Field& field) {
  if (lies_as_written(field)) {
    out << std::string_view(field.name.data(), field.name.size() + 2 + field.value.size());
  } else {
    out << field.name << ": " << field.value;
  }
  out << "\r\n";
}

// The path under which the client sees the backend is known here, whatever others said before.
bool is_replaced_prefix(const Field& field, const Forwarding& forwarding) {
  return !forwarding.prefix.empty() && equals_ignoring_case(field.name, "X-Forwarded-Prefix");
}

bool is_passed_upstream(const Field& field, const Forwarding& forwarding) {
  if (field.id == FieldId::other) return !field.dropped;
  switch (field.id) {
    case FieldId::look_alike:
    case FieldId::attested:
    case FieldId::host:
    case FieldId::content_length:
    case FieldId::x_request_id:
    case FieldId::x_forwarded_for:
    case FieldId::x_forwarded_host:
    case FieldId::x_forwarded_port:
    case FieldId::x_forwarded_proto:
    case FieldId::x_forwarded_scheme:
    case FieldId::x_real_ip:
    case FieldId::forwarded:
      return false;  // written by us, or never
    case FieldId::expect:
      return forwarding.forward_expect;
    case FieldId::about_client:
      return forwarding.peer_is_trusted && !field.dropped && !is_replaced_prefix(field, forwarding);
    default:
      return !is_hop_by_hop(field.id) ||
             (field.id == FieldId::trailer && forwarding.passes_trailer && !field.dropped);
  }
}

// RFC 7239 §4, for who speaks that: in place of what a trusted proxy wrote, and as much of it as is
// the client's.
void write_forwarded(Cursor& out, const Forwarding& forwarding, std::string_view host) {
  const bool is_ipv6 = forwarding.client_address.find(':') != std::string_view::npos;
  out << "Forwarded: for=" << (is_ipv6 ? "\"[" : "") << forwarding.client_address
      << (is_ipv6 ? "]\"" : "") << ";proto=" << forwarding.scheme;
  if (!host.empty()) out << ";host=\"" << host << "\"";
  out << "\r\n";
}

void write_forwarding(Cursor& out, const RequestHead& head, const Forwarding& forwarding) {
  const std::string_view host = forwarding.host.empty() ? head.host : forwarding.host;
  out << "X-Forwarded-For: "
      << (forwarding.forwarded_for.empty() ? forwarding.client_address : forwarding.forwarded_for)
      << "\r\nX-Real-IP: " << forwarding.client_address << "\r\nX-Forwarded-Host: " << host
      << "\r\nX-Forwarded-Port: " << forwarding.port
      << "\r\nX-Forwarded-Proto: " << forwarding.scheme
      << "\r\nX-Forwarded-Scheme: " << forwarding.scheme << "\r\n";
  if (forwarding.peer_is_trusted && head.find(FieldId::forwarded) != nullptr) {
    write_forwarded(out, forwarding, host);
  }
  if (!forwarding.prefix.empty()) out << "X-Forwarded-Prefix: " << forwarding.prefix << "\r\n";
  out << "X-Request-ID: " << forwarding.request_id << "\r\n";
}

std::size_t fields_bound(std::span<const Field> fields) {
  std::size_t bytes = 0;
  for (const Field& field : fields) bytes += field.name.size() + field.value.size() + 4;
  return bytes;
}

bool is_passed_downstream(const Field& field, const Delivery& delivery) {
  if (field.dropped || field.id == FieldId::content_length) return false;
  return !is_hop_by_hop(field.id) || (field.id == FieldId::trailer && delivery.passes_trailer);
}

void write_downstream_framing(Cursor& out, const ResponseHead& head, const Delivery& delivery) {
  switch (delivery.framing) {
    case Framing::chunked:
      out << "Transfer-Encoding: chunked\r\n";
      break;
    case Framing::none:
    case Framing::length:
      // Without a body too: it is what HEAD and 304 say about the body that GET would have had.
      if (head.content_length) out << "Content-Length: ";
      if (head.content_length) out.number(*head.content_length) << "\r\n";
      break;
    case Framing::until_close:
    case Framing::tunnel:
      break;
  }
}

// RFC 9110 §15.5.22: with 426 a server says what to ask for, and how is of this hop.
bool says_what_to_upgrade_to(const ResponseHead& head, const Delivery& delivery) {
  constexpr int kUpgradeRequired = 426;
  return head.status == kUpgradeRequired && delivery.client_minor_version > 0 &&
         head.find(FieldId::upgrade) != nullptr;
}

void write_upgrade(Cursor& out, const ResponseHead& head, const Delivery& delivery) {
  out << (delivery.keep_alive ? "Connection: Upgrade\r\n" : "Connection: Upgrade, close\r\n");
  for (const Field& field : head.fields) {
    if (field.id == FieldId::upgrade) write_field(out, field);
  }
}

void write_connection(Cursor& out, const ResponseHead& head, const Delivery& delivery) {
  if (head.is_interim()) return;
  if (says_what_to_upgrade_to(head, delivery)) {
    write_upgrade(out, head, delivery);
    return;
  }
  if (delivery.framing == Framing::tunnel) {
    const Field* const upgrade = head.find(FieldId::upgrade);
    out << "Connection: Upgrade\r\nUpgrade: "
        << (upgrade != nullptr ? upgrade->value : std::string_view("websocket")) << "\r\n";
  } else if (!delivery.keep_alive) {
    out << "Connection: close\r\n";
  } else if (delivery.client_minor_version == 0) {
    out << "Connection: keep-alive\r\n";
  }
}

}  // namespace

std::size_t request_head_bound(const RequestHead& head, const Forwarding& forwarding) {
  // Every literal of write_request_head() together is less than 400 bytes.
  constexpr std::size_t kLiterals = 512;
  return kLiterals + kNumberBytesMax + head.method_text.size() + head.path.size() +
         head.query.size() + 3 * head.host.size() + 2 * forwarding.host.size() +
         fields_bound(head.fields) + head.upgrade.size() + forwarding.forwarded_for.size() +
         3 * forwarding.client_address.size() + 3 * forwarding.scheme.size() +
         forwarding.port.size() + forwarding.prefix.size() + forwarding.upstream_host.size() +
         forwarding.request_id.size();
}

std::size_t write_request_head(const RequestHead& head, const Forwarding& forwarding,
                               std::span<char> out) {
  Cursor cursor(out);
  const bool has_host_of_its_own = !forwarding.upstream_host.empty();
  cursor << head.method_text << " " << head.path << head.query
         << " HTTP/1.1\r\nHost: " << (has_host_of_its_own ? forwarding.upstream_host : head.host)
         << "\r\n";
  for (const Field& field : head.fields) {
    if (is_passed_upstream(field, forwarding)) write_field(cursor, field);
  }
  if (head.chunked) {
    cursor << "Transfer-Encoding: chunked\r\n";
  } else if (head.content_length) {
    cursor << "Content-Length: ";
    cursor.number(*head.content_length) << "\r\n";
  }
  if (!head.upgrade.empty()) {
    cursor << "Connection: Upgrade\r\nUpgrade: " << head.upgrade << "\r\n";
  }
  write_forwarding(cursor, head, forwarding);
  cursor << "\r\n";
  return cursor.written();
}

Framing downstream_framing(const ResponseHead& head, std::uint8_t client_minor_version) {
  if (head.framing == Framing::chunked || head.framing == Framing::until_close) {
    return client_minor_version == 0 ? Framing::until_close : Framing::chunked;
  }
  return head.framing;
}

std::size_t response_head_bound(const ResponseHead& head, const Delivery& delivery) {
  constexpr std::size_t kLiterals = 192;
  return kLiterals + kNumberBytesMax + head.reason.size() + fields_bound(head.fields) +
         delivery.date.size();
}

std::size_t write_response_head(const ResponseHead& head, const Delivery& delivery,
                                std::span<char> out) {
  Cursor cursor(out);
  cursor << "HTTP/1.1 ";
  cursor.three_digits(head.status) << " " << head.reason << "\r\n";
  bool has_date = delivery.date.empty() || head.is_interim();
  for (const Field& field : head.fields) {
    if (!is_passed_downstream(field, delivery)) continue;
    has_date = has_date || field.id == FieldId::date;
    write_field(cursor, field);
  }
  if (!has_date) cursor << "Date: " << delivery.date << "\r\n";
  write_downstream_framing(cursor, head, delivery);
  write_connection(cursor, head, delivery);
  cursor << "\r\n";
  return cursor.written();
}

std::size_t answer_bound(const Answer& answer) {
  constexpr std::size_t kLiterals = 256;
  return kLiterals + kNumberBytesMax + answer.content_type.size() + answer.body.size() +
         answer.location.size() + answer.allow.size() + answer.authenticate.size() +
         answer.retry_after.size() + answer.date.size() + fields_bound(answer.fields);
}

std::size_t write_answer(const Answer& answer, std::span<char> out) {
  Cursor cursor(out);
  cursor << "HTTP/1.1 ";
  cursor.three_digits(answer.status) << " " << base::status_phrase(answer.status) << "\r\n";
  if (!answer.date.empty()) cursor << "Date: " << answer.date << "\r\n";
  if (!answer.location.empty()) cursor << "Location: " << answer.location << "\r\n";
  if (!answer.allow.empty()) cursor << "Allow: " << answer.allow << "\r\n";
  if (!answer.authenticate.empty()) {
    cursor << "WWW-Authenticate: " << answer.authenticate << "\r\n";
  }
  if (!answer.retry_after.empty()) cursor << "Retry-After: " << answer.retry_after << "\r\n";
  for (const Field& field : answer.fields) write_field(cursor, field);
  if (!answer.body.empty()) cursor << "Content-Type: " << answer.content_type << "\r\n";
  if (answer.status != kNoContent) {
    cursor << "Content-Length: ";
    cursor.number(answer.body.size()) << "\r\n";
  }
  if (!answer.keep_alive) cursor << "Connection: close\r\n";
  cursor << "\r\n";
  if (!answer.head_method) cursor << answer.body;
  return cursor.written();
}

}  // namespace proxy::http1
