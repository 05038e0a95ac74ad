#include "proxy/tls/client_hello.h"

#include <algorithm>
#include <optional>

#include "proxy/http/host_name.h"

namespace proxy::tls {
namespace {

using Outcome = ClientHelloReader::Outcome;

constexpr unsigned char kHandshake = 22;    // RFC 8446 §5.1
constexpr unsigned char kMajorVersion = 3;  // all of SSL 3.0 to TLS 1.3, whatever the minor one
constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kRecordBytesMax = 1u << 14;
constexpr unsigned char kClientHello = 1;  // §4
constexpr std::size_t kMessageHeader = 4;

unsigned char byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

// The message out of its records, at most this many bytes of it.
std::string message_of(std::string_view records, std::size_t most) {
  std::string message;
  while (message.size() < most && records.size() >= kRecordHeader) {
    const std::size_t length =
        static_cast<std::size_t>(byte_at(records, 3)) << 8 | byte_at(records, 4);
    message.append(
        records.substr(kRecordHeader, std::min<std::size_t>(length, most - message.size())));
    records.remove_prefix(std::min(records.size(), kRecordHeader + length));
  }
  return message;
}

std::size_t size_said_by(std::string_view message) {
  return kMessageHeader + (static_cast<std::size_t>(byte_at(message, 1)) << 16 |
                           static_cast<std::size_t>(byte_at(message, 2)) << 8 |
                           byte_at(message, 3));
}

// What a message is made of, front to back. After the first part that is not there, nothing is.
class Parts {
 public:
  explicit Parts(std::string_view bytes) : bytes_(bytes) {}

  bool are_left() const { return is_sound_ && !bytes_.empty(); }
  bool is_sound() const { return is_sound_; }
  std::string_view take(std::size_t size) {
    if (size > bytes_.size()) is_sound_ = false;
    if (!is_sound_) return {};
    const std::string_view part = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return part;
  }
  std::size_t take_number(std::size_t bytes) {
    std::size_t number = 0;
    for (const char c : take(bytes)) number = number << 8 | static_cast<unsigned char>(c);
    return number;
  }
  // With its length before it, in so many bytes.
  std::string_view take_vector(std::size_t length_bytes) { return take(take_number(length_bytes)); }

 private:
  std::string_view bytes_;
  bool is_sound_ = true;
};

// What names hosts in DNS, and "_", which people use; no address of IPv6, no byte that others would
// end the name at.
bool is_host_text(std::string_view name) {
  return !name.empty() && name.size() <= http::kHostNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.' || c == '_';
         });
}

// RFC 6066 §3. A list of several names is nobody's, and of another type than a host's (0) none.
std::string_view host_in(std::string_view extension) {
  constexpr std::size_t kHostName = 0;
  Parts list(extension);
  Parts names(list.take_vector(2));
  const std::size_t type = names.take_number(1);
  const std::string_view name = names.take_vector(2);
  const bool is_one = names.is_sound() && !names.are_left() && list.is_sound() && !list.are_left();
  return is_one && type == kHostName && is_host_text(name) ? name : std::string_view();
}

// Of the message without its header. Extensions are looked at to the end: of two that name a host
// nobody could say which the backend takes.
std::optional<std::string_view> find_server_name(std::string_view hello) {
  constexpr std::size_t kServerName = 0;
  Parts parts(hello);
  parts.take(2 + 32);    // version, random
  parts.take_vector(1);  // session id
  parts.take_vector(2);  // cipher suites
  parts.take_vector(1);  // compression methods
  if (!parts.are_left()) return std::nullopt;
  Parts extensions(parts.take_vector(2));
  if (!parts.is_sound() || parts.are_left()) return std::nullopt;
  std::optional<std::string_view> found;
  while (extensions.are_left()) {
    const std::size_t type = extensions.take_number(2);
    const std::string_view content = extensions.take_vector(2);
    if (!extensions.is_sound()) return std::nullopt;
    if (type != kServerName) continue;
    if (found) return std::nullopt;
    found = host_in(content);
  }
  return found;
}

}  // namespace

Outcome ClientHelloReader::read(std::string_view bytes) {
  for (;;) {
    const std::string_view record = bytes.substr(std::min<std::size_t>(record_at_, bytes.size()));
    if (!record.empty() && byte_at(record, 0) != kHandshake) return Outcome::other;
    if (record.size() > 1 && byte_at(record, 1) != kMajorVersion) return Outcome::other;
    if (record.size() < kRecordHeader) {
      return bytes.size() >= kBytesMax ? Outcome::other : Outcome::needs_more;
    }
    const std::size_t length =
        static_cast<std::size_t>(byte_at(record, 3)) << 8 | byte_at(record, 4);
    // §5.1: a part of a handshake is never empty.
    if (length == 0 || length > kRecordBytesMax) return Outcome::other;
    if (message_bytes_ == 0 && record.size() > kRecordHeader &&
        byte_at(record, kRecordHeader) != kClientHello) {
      return Outcome::other;
    }
    if (record_at_ + kRecordHeader + length > kBytesMax) return Outcome::other;
    if (record.size() < kRecordHeader + length) return Outcome::needs_more;
    record_at_ += static_cast<std::uint32_t>(kRecordHeader + length);
    message_bytes_ += static_cast<std::uint32_t>(length);
    if (message_size_ == 0 && message_bytes_ >= kMessageHeader) {
      message_size_ = static_cast<std::uint32_t>(size_said_by(message_of(bytes, kMessageHeader)));
      if (message_size_ > kBytesMax) return Outcome::other;
    }
    if (message_size_ != 0 && message_bytes_ >= message_size_) return Outcome::complete;
  }
}

std::string server_name_of(std::string_view client_hello_records) {
  const std::string message = message_of(client_hello_records, ClientHelloReader::kBytesMax);
  if (message.size() < kMessageHeader || message.size() < size_said_by(message)) return {};
  const std::string_view hello =
      std::string_view(message).substr(kMessageHeader, size_said_by(message) - kMessageHeader);
  return std::string(find_server_name(hello).value_or(""));
}

}  // namespace proxy::tls
