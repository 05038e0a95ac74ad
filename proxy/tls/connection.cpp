#include "proxy/tls/connection.h"

#include <algorithm>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "proxy/reason/words.h"
#include "proxy/tls/record_layer.h"

namespace proxy::tls {
namespace {

// SSL_get_error() says "failed" as long as this thread has an error of before. Most of the time it
// has none, and to look is a fifth of the work of clearing the places of all.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace

Connection::Connection(Wire& wire, Role role, ssl_st* made) : wire_(wire), ssl_(made), role_(role) {
  if (ssl_ == nullptr) {
    state_ = State::failed;
    return;
  }
  BIO_up_ref(wire.bio());
  SSL_set_bio(ssl_, wire.bio(), wire.bio());
}

Connection::~Connection() {
  SSL_free(ssl_);
}

void Connection::fail(std::string_view reason) {
  state_ = State::failed;
  if (failure_reason_.empty()) failure_reason_ = reason;
}

Connection::Handshake Connection::step(std::string_view& ciphertext) {
  if (state_ == State::failed || ssl_ == nullptr) return Handshake::failed;
  ERR_clear_error();
  const std::size_t said_before = wire_.output().size();
  wire_.input() = ciphertext;
  const int result = SSL_do_handshake(ssl_);
  ciphertext = std::exchange(wire_.input(), {});
  if (result == 1) {
    is_established_ = true;
    was_resumed_ = SSL_session_reused(ssl_) == 1;
    version_ = SSL_get_version(ssl_);
    on_established(std::string_view(wire_.output()).substr(said_before));
    return Handshake::done;
  }
  if (SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ) return Handshake::needs_more;
  fail(reason_of(ERR_peek_error()));
  ERR_clear_error();
  return Handshake::failed;
}

void Connection::take_over(std::unique_ptr<RecordLayer> records) {
  records_ = std::move(records);
  SSL_free(std::exchange(ssl_, nullptr));
}

void Connection::note_control_message() {
  if (!is_established_) return;
  control_messages_.note_message();
  if (!control_messages_.are_too_many()) return;
  fail(reason::too_many_control_messages);
  wire_.input() = {};  // OpenSSL would go on to the next by itself
}

std::size_t Connection::read(std::string_view& ciphertext, char* out, std::size_t size,
                             std::size_t& records) {
  if (records_ != nullptr) return read_records(ciphertext, out, size, records);
  const std::size_t records_max = std::exchange(records, 0);
  if (state_ != State::open) return 0;
  forget_errors();
  wire_.input() = ciphertext;
  std::size_t total = 0;
  while (total < size && records < records_max) {
    const int got = SSL_read(ssl_, out + total,
                             static_cast<int>(std::min<std::size_t>(size - total, 1u << 30)));
    if (got > 0) {
      ++records;  // SSL_read() never goes beyond the end of one
      total += static_cast<std::size_t>(got);
      control_messages_.note_data(static_cast<std::size_t>(got));
      // OpenSSL keeps nothing back but a part of a record: without input there is no more.
      if (wire_.input().empty() && SSL_pending(ssl_) == 0) break;
      continue;
    }
    const int error = SSL_get_error(ssl_, got);
    if (error == SSL_ERROR_ZERO_RETURN) {
      state_ = State::closed_by_peer;
    } else if (error != SSL_ERROR_WANT_READ) {
      fail(reason::protocol_error);
      ERR_clear_error();
    }
    break;
  }
  has_rest_ = total == size && SSL_pending(ssl_) > 0;
  ciphertext = std::exchange(wire_.input(), {});
  return total;
}

std::size_t Connection::read_records(std::string_view& ciphertext, char* out, std::size_t size,
                                     std::size_t& records) {
  if (state_ != State::open) {
    records = 0;
    return 0;
  }
  const std::size_t total = records_->read(ciphertext, out, size, records, wire_.output());
  has_rest_ = records_->has_rest();
  if (!records_->failure_reason().empty()) {
    fail(records_->failure_reason());
  } else if (records_->is_closed_by_peer()) {
    state_ = State::closed_by_peer;
  }
  return total;
}

bool Connection::write(std::string_view plain) {
  if (state_ == State::failed) return false;
  if (records_ != nullptr) {
    const bool is_written = records_->write(plain, wire_.output());
    if (!is_written) fail(reason::protocol_error);
    return is_written;
  }
  forget_errors();
  while (!plain.empty()) {
    const int written = SSL_write(ssl_, plain.data(),
                                  static_cast<int>(std::min<std::size_t>(plain.size(), 1u << 30)));
    if (written <= 0) {
      ERR_clear_error();
      fail(reason::protocol_error);
      return false;
    }
    plain.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// RFC 8446 §6.1.
void Connection::write_close_notify() {
  if (state_ == State::failed || !is_established_) return;
  if (records_ != nullptr) return records_->write_close_notify(wire_.output());
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

}  // namespace proxy::tls
