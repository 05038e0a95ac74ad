#include "proxy/tls/client_connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/cipher_list.h"
#include "base/openssl.h"
#include "base/pem.h"
#include "proxy/reason/words.h"
#include "proxy/tls/parsed_certificate.h"
#include "proxy/tls/system_authorities.h"
#include "proxy/tls/wire.h"

namespace proxy::tls {
namespace {

constexpr std::string_view kBadSettings = reason::upstream_tls_settings;
constexpr std::string_view kHandshake = reason::upstream_tls_handshake;
constexpr std::string_view kNotTrusted = reason::upstream_certificate_not_trusted;

// By whatever authorities the context trusts.
bool verify_by_name(SSL_CTX* context, const config::BackendTls& settings) {
  X509_VERIFY_PARAM* const wanted = SSL_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const std::string& name = settings.verified_name;
  // Without a name any certificate of these authorities would do, whoever's it is.
  if (name.empty()) return false;
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) != 1 &&
      X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size()) != 1) {
    return false;
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_verify_depth(context, static_cast<int>(settings.verify_depth));
  return true;
}

bool trust_system(SSL_CTX* context, const config::BackendTls& settings) {
  X509_STORE* const store = system_authorities();
  if (store == nullptr) return false;
  SSL_CTX_set1_cert_store(context, store);
  return verify_by_name(context, settings);
}

bool trust(SSL_CTX* context, const config::BackendTls& settings) {
  const auto blocks = base::read_pem(settings.trusted_pem);
  if (!blocks) return false;
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  bool has_any = false;
  for (const base::PemBlock& block : *blocks) {
    if (block.label != "CERTIFICATE") continue;
    const auto* begin = reinterpret_cast<const unsigned char*>(block.der.data());
    const base::X509Ptr one(d2i_X509(nullptr, &begin, static_cast<long>(block.der.size())));
    if (one == nullptr || X509_STORE_add_cert(store, one.get()) != 1) return false;
    has_any = true;
  }
  return has_any && verify_by_name(context, settings);
}

bool show(SSL_CTX* context, const config::BackendTls& settings) {
  const auto own = parse_certificate({settings.chain_pem, settings.key_pem});
  return own && SSL_CTX_use_cert_and_key(context, (*own)->leaf.get(), (*own)->key.get(),
                                         (*own)->chain.get(), 1) == 1;
}

bool choose_ciphers(SSL_CTX* context, const config::BackendTls& settings) {
  return settings.ciphers.empty() ||
         SSL_CTX_set_cipher_list(context, base::safe_cipher_list(settings.ciphers).c_str()) == 1;
}

}  // namespace

void SessionDeleter::operator()(ssl_session_st* session) const {
  SSL_SESSION_free(session);
}

ClientContext::~ClientContext() {
  SSL_CTX_free(context_);
}

// Whom its endpoints are believed by; any certificate will do where nothing is said.
bool ClientContext::is_trust_settled(ssl_ctx_st* context) const {
  if (trusts_system_) return trust_system(context, *settings_);
  return settings_->trusted_pem.empty() || trust(context, *settings_);
}

ssl_ctx_st* ClientContext::use() {
  if (was_tried_) return context_;
  was_tried_ = true;
  ERR_clear_error();
  base::SslCtxPtr made(SSL_CTX_new(TLS_client_method()));
  const config::BackendTls& settings = *settings_;
  const int oldest = tls13_only_ ? TLS1_3_VERSION : TLS1_2_VERSION;
  const bool is_usable = made != nullptr &&
                         SSL_CTX_set_min_proto_version(made.get(), oldest) == 1 &&
                         choose_ciphers(made.get(), settings) && is_trust_settled(made.get()) &&
                         (settings.chain_pem.empty() || show(made.get(), settings));
  ERR_clear_error();
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  // Zero is success. An endpoint that knows nothing of ALPN takes what it is sent; one that has
  // only other protocols says so in the handshake.
  if (!is_usable ||
      (speaks_http2_ && SSL_CTX_set_alpn_protos(made.get(), kHttp2, sizeof kHttp2) != 0)) {
    return nullptr;
  }
  SSL_CTX_set_options(made.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(made.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_session_cache_mode(made.get(),
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(made.get(), ClientConnection::keep_session);
  SSL_CTX_set_info_callback(made.get(), ClientConnection::watch);
  context_ = made.release();
  return context_;
}

Wire& ClientContext::wire() {
  if (wire_ == nullptr) wire_ = std::make_shared<Wire>();
  return *wire_;
}

ssl_st* ClientContext::make() {
  SSL_CTX* const shared = use();
  return shared == nullptr || !wire().is_usable() ? nullptr : SSL_new(shared);
}

ClientConnection::ClientConnection(ClientContext& context, SessionSlot& session)
    : Connection(context.wire(), Role::client, context.make()), session_(session) {
  if (const std::string_view failure = set_up(context); !failure.empty()) fail(failure);
}

// Why it cannot be; empty: it can.
std::string_view ClientConnection::set_up(ClientContext& context) {
  if (context.use() == nullptr) return kBadSettings;
  if (ssl() == nullptr) return kHandshake;
  SSL_set_app_data(ssl(), this);
  SSL_set_connect_state(ssl());
  const std::string& name = context.settings_->server_name;
  if (!name.empty() && SSL_set_tlsext_host_name(ssl(), name.c_str()) != 1) return kBadSettings;
  // RFC 8446 §C.4: a ticket is used once.
  if (session_ != nullptr) {
    SSL_set_session(ssl(), session_.get());
    if (SSL_SESSION_get_protocol_version(session_.get()) == TLS1_3_VERSION) session_.reset();
  }
  return {};
}

ClientConnection::~ClientConnection() {
  // OpenSSL spoils the session of a connection that ends without a goodbye; TLS 1.2 allows its
  // reuse (RFC 5246 §7.2.1), and an endpoint that just goes is no reason for a full handshake.
  if (ssl() != nullptr && is_established()) SSL_set_shutdown(ssl(), SSL_SENT_SHUTDOWN);
}

// A step of the handshake, or a word that one is declined: in TLS 1.3 messages after the handshake
// begin none, so its beginning says nothing of them.
void ClientConnection::watch(const ssl_st* ssl, int where, int) {
  if (where != SSL_CB_CONNECT_LOOP && where != SSL_CB_WRITE_ALERT) return;
  static_cast<ClientConnection*>(SSL_get_app_data(ssl))->note_control_message();
}

int ClientConnection::keep_session(ssl_st* ssl, ssl_session_st* session) {
  static_cast<ClientConnection*>(SSL_get_app_data(ssl))->session_.reset(session);
  return 1;  // it is ours now
}

std::string_view ClientConnection::reason_of(unsigned long error) const {
  return ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED ? kNotTrusted : kHandshake;
}

}  // namespace proxy::tls
