#include "proxy/tls/record_layer.h"

#include <algorithm>
#include <utility>

#include "proxy/reason/words.h"

namespace proxy::tls {
namespace {

constexpr std::size_t kHeaderBytes = RecordCiphers::kHeaderBytes;
constexpr std::size_t kTagBytes = RecordCiphers::kTagBytes;

// RFC 8446 §4.6.3: a KeyUpdate is these, and whether it asks for one (0 or 1).
constexpr std::string_view kKeyUpdateHead("\x18\0\0\1", 4);

// As many as OpenSSL takes.
constexpr std::uint8_t kEmptyRecordsMax = 32;

constexpr char kWarning = 1;
constexpr char kFatal = 2;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

// Of a header.
std::size_t fragment_bytes(std::string_view header) {
  return static_cast<std::size_t>(byte_at(header, 3)) << 8 | byte_at(header, 4);
}

}  // namespace

RecordLayer::RecordLayer(RecordCiphers& ciphers, const Start& start)
    : ciphers_(ciphers),
      client_secret_(start.client_secret),
      server_secret_(start.server_secret),
      client_keys_(start.suite, RecordKeys::Use::opens),
      server_keys_(start.suite, RecordKeys::Use::seals),
      records_per_key_(start.records_per_key),
      content_bytes_max_(static_cast<std::uint16_t>(
          std::clamp<std::size_t>(start.content_bytes_max, 1, kContentBytesMax))) {
  KeyExpansion& expansion = ciphers_.expansion();
  if (!expansion.derive_keys(client_secret_, client_keys_) ||
      !expansion.derive_keys(server_secret_, server_keys_)) {
    fail(reason::out_of_memory);
  }
  server_keys_.sequence = start.records_sent;
}

RecordLayer::~RecordLayer() {
  ciphers_.forget(client_keys_);
  ciphers_.forget(server_keys_);
}

// ---- Reading

std::size_t RecordLayer::read(std::string_view& ciphertext, char* out, std::size_t size,
                              std::size_t& records, std::string& output) {
  const std::size_t records_max = std::exchange(records, 0);
  std::size_t total = 0;
  if (holds_data_ && records < records_max) {
    total = take_held(out, size);
    ++records;
  }
  while (is_open() && records < records_max && total < size) {
    const std::string_view record = next_record(ciphertext, output);
    if (record.empty()) break;
    const std::size_t inner_bytes = record.size() - kHeaderBytes - kTagBytes;
    const bool has_room = inner_bytes <= size - total;
    if (!has_room && total > 0) break;
    std::string aside(has_room ? 0 : inner_bytes, '\0');
    char* const inner = has_room ? out + total : aside.data();
    const bool is_opened = ciphers_.open(client_keys_, record, inner);
    if (held_.empty()) {
      ciphertext.remove_prefix(record.size());
    } else {
      held_.release();
    }
    ++records;
    if (!is_opened) {
      refuse(Alert::bad_record_mac, output);
      break;
    }
    const std::string_view data = take_inner({inner, inner_bytes}, output);
    if (has_room) {
      total += data.size();
    } else if (!data.empty()) {
      held_.append(data);
      holds_data_ = true;
      total = take_held(out, size);
    }
  }
  return total;
}

std::size_t RecordLayer::take_held(char* out, std::size_t size) {
  const std::size_t count = std::min(size, held_.size());
  std::copy_n(held_.view().data(), count, out);
  held_.consume(count);
  if (held_.empty()) {
    held_.release();
    holds_data_ = false;
  }
  return count;
}

bool RecordLayer::holds_record() const {
  const std::string_view held = held_.view();
  return held.size() >= kHeaderBytes && held.size() == kHeaderBytes + fragment_bytes(held);
}

std::string_view RecordLayer::next_record(std::string_view& ciphertext, std::string& output) {
  if (held_.empty() && ciphertext.size() >= kHeaderBytes) {
    if (!check_header(ciphertext, output)) return {};
    const std::size_t size = kHeaderBytes + fragment_bytes(ciphertext);
    if (ciphertext.size() >= size) return ciphertext.substr(0, size);
  }
  const auto hold_up_to = [&](std::size_t size) {
    const std::size_t missing = size - std::min(size, held_.size());
    const std::size_t count = std::min(missing, ciphertext.size());
    held_.append(ciphertext.substr(0, count));
    ciphertext.remove_prefix(count);
    return held_.size() >= size;
  };
  if (!hold_up_to(kHeaderBytes) || !check_header(held_.view(), output)) return {};
  if (!hold_up_to(kHeaderBytes + fragment_bytes(held_.view()))) return {};
  return held_.view();
}

// RFC 8446 §5.1, §5.2. The version means nothing any more, and is protected with the rest.
bool RecordLayer::check_header(std::string_view header, std::string& output) {
  // After the handshake all is protected, and a change_cipher_spec is none of it (§5).
  if (byte_at(header, 0) != static_cast<std::uint8_t>(ContentType::application_data)) {
    refuse(Alert::unexpected_message, output);
  } else if (fragment_bytes(header) > std::size_t{content_bytes_max_} + 1 + kTagBytes) {
    // RFC 8446 allows 2^14 + 256 bytes for tags of any size; with ours, and with what may be in
    // them (§5.4), all that is beyond this is too much.
    refuse(Alert::record_overflow, output);
  } else if (fragment_bytes(header) < kTagBytes) {
    refuse(Alert::bad_record_mac, output);
  }
  return is_open();
}

std::string_view RecordLayer::take_inner(std::string_view inner, std::string& output) {
  // RFC 8446 §5.4: the type is the last byte that is not padding.
  const std::size_t type_at = inner.find_last_not_of('\0');
  const std::string_view content = inner.substr(0, type_at == inner.npos ? 0 : type_at);
  const auto type = static_cast<ContentType>(type_at == inner.npos ? 0 : byte_at(inner, type_at));
  // RFC 8446 §5.1: nothing may come between the parts of a message, and no part may be empty.
  const bool is_between = message_bytes_ > 0 && type != ContentType::handshake;
  const bool is_empty = content.empty() && type != ContentType::application_data;
  if (is_between || is_empty) {
    refuse(Alert::unexpected_message, output);
    return {};
  }
  switch (type) {
    case ContentType::application_data:
      control_messages_.note_data(content.size());
      empty_records_ = content.empty() ? empty_records_ + 1 : 0;
      if (empty_records_ > kEmptyRecordsMax) refuse(Alert::unexpected_message, output);
      return content;
    case ContentType::handshake:
      take_handshake(content, output);
      return {};
    case ContentType::alert:
      take_alert(content, output);
      return {};
    case ContentType::change_cipher_spec:
      break;
  }
  refuse(Alert::unexpected_message, output);
  return {};
}

// Of a client there is nothing but a KeyUpdate to come: we ask for no certificate then.
void RecordLayer::take_handshake(std::string_view content, std::string& output) {
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (message_bytes_ < kKeyUpdateHead.size()) {
      if (content[i] == kKeyUpdateHead[message_bytes_]) {
        ++message_bytes_;
        continue;
      }
      return refuse(message_bytes_ == 0 ? Alert::unexpected_message : Alert::decode_error, output);
    }
    const std::uint8_t request = byte_at(content, i);
    if (request > 1) return refuse(Alert::illegal_parameter, output);
    // RFC 8446 §5.1: what follows is protected with other keys, so it is in another record.
    if (i + 1 < content.size()) return refuse(Alert::unexpected_message, output);
    message_bytes_ = 0;
    take_key_update(request == 1, output);
  }
}

void RecordLayer::take_key_update(bool is_answered, std::string& output) {
  note_control_message();
  if (!is_open()) return;
  if (!advance(client_secret_, client_keys_)) return refuse(Alert::internal_error, output);
  if (!is_answered || has_said_close_) return;
  note_control_message();
  if (is_open() && !send_key_update(output)) fail(reason::out_of_memory);
}

// As with OpenSSL, whose callbacks can only stop it: without a word.
void RecordLayer::note_control_message() {
  control_messages_.note_message();
  if (control_messages_.are_too_many()) fail(reason::too_many_control_messages);
}

// RFC 8446 §6: the level says nothing. All but two end the connection at once.
void RecordLayer::take_alert(std::string_view content, std::string& output) {
  if (content.size() != 2) return refuse(Alert::decode_error, output);
  switch (static_cast<Alert>(byte_at(content, 1))) {
    case Alert::close_notify:
      is_closed_by_peer_ = true;
      return;
    case Alert::user_canceled:  // close_notify follows
      return note_control_message();
    default:
      return fail(reason::protocol_error);
  }
}

// ---- Writing

bool RecordLayer::seal(ContentType type, std::string_view content, std::string& output) {
  const std::size_t before = output.size();
  output.resize(before + content.size() + RecordCiphers::kOverhead);
  if (ciphers_.seal(server_keys_, type, content, output.data() + before)) return true;
  output.resize(before);
  fail(reason::out_of_memory);
  return false;
}

bool RecordLayer::write(std::string_view data, std::string& output) {
  if (!failure_reason_.empty() || has_said_close_) return false;
  const std::size_t records = (data.size() + content_bytes_max_ - 1) / content_bytes_max_;
  const std::size_t size = output.size() + data.size() + records * RecordCiphers::kOverhead;
  if (size > output.capacity()) output.reserve(std::max(size, 2 * output.capacity()));
  while (!data.empty()) {
    if (server_keys_.sequence >= records_per_key_ && !send_key_update(output)) return false;
    const std::string_view content = data.substr(0, content_bytes_max_);
    if (!seal(ContentType::application_data, content, output)) return false;
    data.remove_prefix(content.size());
  }
  return true;
}

// RFC 8446 §4.6.3: it is the last that is protected with the keys of before. None is asked for.
bool RecordLayer::send_key_update(std::string& output) {
  constexpr std::string_view kNotRequested("\x18\0\0\1\0", 5);
  return seal(ContentType::handshake, kNotRequested, output) &&
         advance(server_secret_, server_keys_);
}

bool RecordLayer::advance(TrafficSecret& secret, RecordKeys& keys) {
  ciphers_.forget(keys);
  KeyExpansion& expansion = ciphers_.expansion();
  if (expansion.advance(keys.suite, secret) && expansion.derive_keys(secret, keys)) return true;
  fail(reason::out_of_memory);
  return false;
}

// RFC 8446 §6.1.
void RecordLayer::write_close_notify(std::string& output) {
  if (!failure_reason_.empty() || std::exchange(has_said_close_, true)) return;
  constexpr char kCloseNotify[] = {kWarning, static_cast<char>(Alert::close_notify)};
  seal(ContentType::alert, {kCloseNotify, sizeof kCloseNotify}, output);
}

// ---- The end

// RFC 8446 §6.2.
void RecordLayer::refuse(Alert alert, std::string& output) {
  if (!failure_reason_.empty()) return;
  const char fatal[] = {kFatal, static_cast<char>(alert)};
  if (!has_said_close_) seal(ContentType::alert, {fatal, sizeof fatal}, output);
  fail(reason::protocol_error);
}

// The first reason stays. Nothing is sealed or opened any more.
void RecordLayer::fail(std::string_view reason) {
  if (failure_reason_.empty()) failure_reason_ = reason;
  for (RecordKeys* const keys : {&client_keys_, &server_keys_}) {
    ciphers_.forget(*keys);
    keys->wipe();
  }
  client_secret_ = server_secret_ = TrafficSecret();
  held_.release();
  holds_data_ = false;
}

}  // namespace proxy::tls
