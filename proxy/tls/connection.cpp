#include "proxy/tls/connection.h"

#include <algorithm>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "proxy/reason/words.h"
#include "proxy/tls/server_context.h"
#include "proxy/tls/shown_certificate.h"
#include "proxy/tls/ssl_steps.h"

namespace proxy::tls {
namespace {

// Which of OpenSSL's many words for a failed handshake it was.
std::string_view reason_of_handshake_error(unsigned long error) {
  switch (ERR_GET_REASON(error)) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return reason::plain_http_on_tls_port;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_VERSION_NUMBER:
      return reason::unsupported_version;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
      return reason::nothing_in_common;
    default:
      break;
  }
  // The client's alert: SSL_R_SSLV3_ALERT_... and SSL_R_TLSV1_ALERT_... are 1000 + its number.
  return ERR_GET_REASON(error) >= 1000 ? reason::client_alert : reason::protocol_error;
}

}  // namespace

Connection::Connection(ServerContext& context)
    : context_(context), ssl_(SSL_new(context.context_.get())) {
  if (ssl_ == nullptr) {
    state_ = State::failed;
    return;
  }
  SSL_set_app_data(ssl_, this);
  BIO_up_ref(context.bio_.get());
  SSL_set_bio(ssl_, context.bio_.get(), context.bio_.get());
  SSL_set_accept_state(ssl_);
}

Connection::~Connection() {
  SSL_free(ssl_);
}

void Connection::fail(std::string_view reason) {
  state_ = State::failed;
  if (failure_reason_.empty()) failure_reason_ = reason;
}

Connection::Handshake Connection::step(std::string_view& ciphertext) {
  if (ssl_ == nullptr) {
    fail(reason::out_of_memory);
    return Handshake::failed;
  }
  ERR_clear_error();
  context_.input_ = ciphertext;
  const int result = SSL_do_handshake(ssl_);
  ciphertext = context_.input_;
  if (result == 1) {
    is_established_ = true;
    // What was shown is not needed any more, and connections last: without this as many
    // certificates would stay parsed as there are names that somebody is connected to.
    SSL_certs_clear(ssl_);
    if (asked_for_certificate_) take_shown_certificate();
    return Handshake::done;
  }
  if (SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ) return Handshake::needs_more;
  fail(reason_of_handshake_error(ERR_peek_error()));
  ERR_clear_error();
  return Handshake::failed;
}

void Connection::take_shown_certificate() {
  SSL_set_client_CA_list(ssl_, nullptr);  // they have been told
  X509* const leaf = SSL_get0_peer_certificate(ssl_);
  if (leaf == nullptr) return;
  STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(ssl_);
  shown_ = std::make_unique<ShownCertificate>(leaf, chain);
  // Parsed, a certificate of many small parts takes some twenty times as much as it had bytes.
  constexpr std::size_t kParsedFactor = 20;
  shown_bytes_ = kParsedFactor * static_cast<std::size_t>(std::max(0, i2d_X509(leaf, nullptr)));
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    const int size = i2d_X509(sk_X509_value(chain, i), nullptr);
    shown_bytes_ += kParsedFactor * static_cast<std::size_t>(std::max(0, size));
  }
}

void Connection::note_control_message() {
  if (!is_established_) return;
  control_messages_.note_message();
  if (!control_messages_.are_too_many()) return;
  fail(reason::too_many_control_messages);
  context_.input_ = {};  // OpenSSL would go on to the next by itself
}

std::size_t Connection::read(std::string_view& ciphertext, char* out, std::size_t size,
                             std::size_t& records) {
  const std::size_t records_max = std::exchange(records, 0);
  if (state_ != State::open) return 0;
  ERR_clear_error();
  context_.input_ = ciphertext;
  std::size_t total = 0;
  while (total < size && records < records_max) {
    const int got = SSL_read(ssl_, out + total,
                             static_cast<int>(std::min<std::size_t>(size - total, 1u << 30)));
    if (got > 0) {
      ++records;  // SSL_read() never goes beyond the end of one
      total += static_cast<std::size_t>(got);
      control_messages_.note_data(static_cast<std::size_t>(got));
      // OpenSSL keeps nothing back but a part of a record: without input there is no more.
      if (context_.input_.empty() && SSL_pending(ssl_) == 0) break;
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
  ciphertext = context_.input_;
  return total;
}

bool Connection::write(std::string_view plain) {
  if (state_ == State::failed) return false;
  if (write_all(ssl_, plain)) return true;
  fail(reason::protocol_error);
  return false;
}

void Connection::write_close_notify() {
  if (state_ != State::failed) say_close_notify(ssl_);
}

bool Connection::negotiated_http2() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return size == 2 && name[0] == 'h' && name[1] == '2';
}

bool Connection::was_resumed() const {
  return SSL_session_reused(ssl_) == 1;
}

config::TlsPolicy Connection::met_policy() const {
  if (SSL_version(ssl_) >= TLS1_3_VERSION) return config::TlsPolicy::modern;
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl_);
  const bool is_aead = cipher != nullptr && SSL_CIPHER_is_aead(cipher) == 1;
  return is_aead ? config::TlsPolicy::intermediate : config::TlsPolicy::old;
}

std::string_view Connection::version() const {
  return SSL_get_version(ssl_);
}

}  // namespace proxy::tls
