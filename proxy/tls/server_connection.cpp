#include "proxy/tls/server_connection.h"

#include <algorithm>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "proxy/reason/words.h"
#include "proxy/tls/server_context.h"
#include "proxy/tls/shown_certificate.h"

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

ServerConnection::ServerConnection(ServerContext& context)
    : Connection(context.wire_, Role::server, SSL_new(context.context_.get())) {
  if (ssl() == nullptr) {
    fail(reason::out_of_memory);
    return;
  }
  SSL_set_app_data(ssl(), this);
  SSL_set_accept_state(ssl());
}

ServerConnection::~ServerConnection() = default;

std::string_view ServerConnection::reason_of(unsigned long error) const {
  return reason_of_handshake_error(error);
}

void ServerConnection::on_established() {
  // What was shown is not needed any more, and connections last: without this as many certificates
  // would stay parsed as there are names that somebody is connected to.
  SSL_certs_clear(ssl());
  if (asked_for_certificate_) take_shown_certificate();
}

void ServerConnection::take_shown_certificate() {
  SSL_set_client_CA_list(ssl(), nullptr);  // they have been told
  X509* const leaf = SSL_get0_peer_certificate(ssl());
  if (leaf == nullptr) return;
  STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(ssl());
  shown_ = std::make_unique<ShownCertificate>(leaf, chain);
  // Parsed, a certificate of many small parts takes some twenty times as much as it had bytes.
  constexpr std::size_t kParsedFactor = 20;
  shown_bytes_ = kParsedFactor * static_cast<std::size_t>(std::max(0, i2d_X509(leaf, nullptr)));
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    const int size = i2d_X509(sk_X509_value(chain, i), nullptr);
    shown_bytes_ += kParsedFactor * static_cast<std::size_t>(std::max(0, size));
  }
}

bool ServerConnection::negotiated_http2() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl(), &name, &size);
  return size == 2 && name[0] == 'h' && name[1] == '2';
}

config::TlsPolicy ServerConnection::met_policy() const {
  if (SSL_version(ssl()) >= TLS1_3_VERSION) return config::TlsPolicy::modern;
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl());
  const bool is_aead = cipher != nullptr && SSL_CIPHER_is_aead(cipher) == 1;
  return is_aead ? config::TlsPolicy::intermediate : config::TlsPolicy::old;
}

}  // namespace proxy::tls
