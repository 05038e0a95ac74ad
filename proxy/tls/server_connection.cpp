#include "proxy/tls/server_connection.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "proxy/reason/words.h"
#include "proxy/tls/record_layer.h"
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

config::TlsPolicy policy_that_is_met(const SSL* ssl) {
  if (SSL_version(ssl) >= TLS1_3_VERSION) return config::TlsPolicy::modern;
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl);
  const bool is_aead = cipher != nullptr && SSL_CIPHER_is_aead(cipher) == 1;
  return is_aead ? config::TlsPolicy::intermediate : config::TlsPolicy::old;
}

bool has_chosen_http2(const SSL* ssl) {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl, &name, &size);
  return size == 2 && name[0] == 'h' && name[1] == '2';
}

std::optional<CipherSuite> suite_of(const SSL* ssl) {
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl);
  switch (cipher == nullptr ? 0 : SSL_CIPHER_get_protocol_id(cipher)) {
    case 0x1301:
      return CipherSuite::aes_128_gcm_sha256;
    case 0x1302:
      return CipherSuite::aes_256_gcm_sha384;
    case 0x1303:
      return CipherSuite::chacha20_poly1305_sha256;
    default:
      return std::nullopt;
  }
}

// How many records these are, all of them protected; nothing: they are something else.
std::optional<std::uint64_t> count_records(std::string_view bytes) {
  constexpr std::size_t kHeader = RecordCiphers::kHeaderBytes;
  std::uint64_t count = 0;
  while (!bytes.empty()) {
    if (bytes.size() < kHeader || bytes[0] != static_cast<char>(ContentType::application_data)) {
      return std::nullopt;
    }
    const auto high = static_cast<unsigned char>(bytes[3]);
    const auto low = static_cast<unsigned char>(bytes[4]);
    const std::size_t size = kHeader + (static_cast<std::size_t>(high) << 8 | low);
    if (bytes.size() < size) return std::nullopt;
    bytes.remove_prefix(size);
    ++count;
  }
  return count;
}

// RFC 6066 §4.
std::size_t content_bytes_max(const SSL* ssl) {
  const int code = SSL_SESSION_get_max_fragment_length(SSL_get0_session(ssl));
  return code >= 1 && code <= 4 ? std::size_t{256} << code : RecordLayer::kContentBytesMax;
}

// Returns how many bytes it has; 0: that is none.
std::size_t read_secret(std::string_view hex, TrafficSecret& secret) {
  const std::size_t size = hex.size() / 2;
  if (hex.size() % 2 != 0 || size > secret.bytes.size()) return 0;
  for (std::size_t i = 0; i < size; ++i) {
    const int high = OPENSSL_hexchar2int(static_cast<unsigned char>(hex[2 * i]));
    const int low = OPENSSL_hexchar2int(static_cast<unsigned char>(hex[2 * i + 1]));
    if (high < 0 || low < 0) return 0;
    secret.bytes[i] = static_cast<unsigned char>(high << 4 | low);
  }
  return size;
}

}  // namespace

struct ServerConnection::Shown {
  struct ChainDeleter {
    void operator()(STACK_OF(X509) * all) const { sk_X509_pop_free(all, X509_free); }
  };
  using Chain = std::unique_ptr<STACK_OF(X509), ChainDeleter>;

  Shown(base::X509Ptr its_leaf, Chain its_chain)
      : leaf(std::move(its_leaf)),
        chain(std::move(its_chain)),
        certificate(leaf.get(), chain.get()) {}

  base::X509Ptr leaf;
  Chain chain;
  ShownCertificate certificate;
};

ServerConnection::ServerConnection(ServerContext& context)
    : Connection(context.wire_, Role::server, SSL_new(context.context_.get())), context_(context) {
  if (ssl() == nullptr) {
    fail(reason::out_of_memory);
    return;
  }
  SSL_set_app_data(ssl(), this);
  SSL_set_accept_state(ssl());
}

ServerConnection::~ServerConnection() = default;

ShownCertificate* ServerConnection::shown_certificate() const {
  return shown_ == nullptr ? nullptr : &shown_->certificate;
}

std::string_view ServerConnection::reason_of(unsigned long error) const {
  return reason_of_handshake_error(error);
}

std::size_t ServerConnection::bytes() const {
  if (!is_established()) return kBytesInHandshake;
  return (records() != nullptr ? records()->bytes() : kBytes) + shown_bytes_;
}

void ServerConnection::on_established(std::string_view said) {
  negotiated_http2_ = has_chosen_http2(ssl());
  met_policy_ = policy_that_is_met(ssl());
  if (asked_for_certificate_) take_shown_certificate();
  take_over_records(said);
  // What was shown is not needed any more, and connections last: without this as many certificates
  // would stay parsed as there are names that somebody is connected to.
  if (ssl() != nullptr) SSL_certs_clear(ssl());
}

// Where all is known that records take: how they are protected, and how many there were. Of those
// of the client none was seen: it has just said Finished, which ends a record (RFC 8446 §5.1), and
// OpenSSL reads no further. Of ours, what follows its Finished is tickets. Anything else stays with
// OpenSSL.
void ServerConnection::take_over_records(std::string_view said) {
  const std::unique_ptr<Secrets> secrets = std::move(secrets_);
  const auto suite = suite_of(ssl());
  const auto records_sent = count_records(said);
  if (secrets == nullptr || !suite || !records_sent || SSL_version(ssl()) != TLS1_3_VERSION ||
      secrets->client_bytes != hash_bytes(*suite) || secrets->server_bytes != hash_bytes(*suite) ||
      SSL_has_pending(ssl()) != 0 || SSL_get_early_data_status(ssl()) == SSL_EARLY_DATA_ACCEPTED) {
    return;
  }
  RecordLayer::Start start;
  start.suite = *suite;
  start.client_secret = secrets->client;
  start.server_secret = secrets->server;
  start.records_sent = *records_sent;
  start.content_bytes_max = content_bytes_max(ssl());
  auto layer = std::make_unique<RecordLayer>(*context_.record_ciphers_, start);
  if (layer->failure_reason().empty()) take_over(std::move(layer));
}

bool ServerConnection::awaits_secret() const {
  if (is_established()) return false;
  if (secrets_ != nullptr) return secrets_->client_bytes == 0;
  return SSL_get_state(ssl()) == TLS_ST_SW_ENCRYPTED_EXTENSIONS;
}

// "LABEL RANDOM SECRET".
void ServerConnection::note_secret(std::string_view line) {
  const auto secret_of = [&](std::string_view label) {
    return line.starts_with(label) ? line.substr(line.rfind(' ') + 1) : std::string_view();
  };
  if (const std::string_view server = secret_of("SERVER_TRAFFIC_SECRET_0 "); !server.empty()) {
    secrets_ = std::make_unique<Secrets>();
    secrets_->server_bytes = read_secret(server, secrets_->server);
    context_.stop_noting_secrets();
  } else if (secrets_ != nullptr) {
    const std::string_view client = secret_of("CLIENT_TRAFFIC_SECRET_0 ");
    if (client.empty()) return;
    secrets_->client_bytes = read_secret(client, secrets_->client);
    context_.stop_noting_secrets();
  }
}

void ServerConnection::take_shown_certificate() {
  SSL_set_client_CA_list(ssl(), nullptr);  // they have been told
  X509* const leaf = SSL_get0_peer_certificate(ssl());
  if (leaf == nullptr) return;
  STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(ssl());
  X509_up_ref(leaf);
  shown_ = std::make_unique<Shown>(
      base::X509Ptr(leaf), Shown::Chain(chain == nullptr ? nullptr : X509_chain_up_ref(chain)));
  // Parsed, a certificate of many small parts takes some twenty times as much as it had bytes.
  constexpr std::size_t kParsedFactor = 20;
  shown_bytes_ = kParsedFactor * static_cast<std::size_t>(std::max(0, i2d_X509(leaf, nullptr)));
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    const int size = i2d_X509(sk_X509_value(chain, i), nullptr);
    shown_bytes_ += kParsedFactor * static_cast<std::size_t>(std::max(0, size));
  }
}

}  // namespace proxy::tls
