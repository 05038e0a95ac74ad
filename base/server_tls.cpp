#include "base/server_tls.h"

#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/key.h"
#include "base/pem.h"

namespace base {
namespace {

bool use_chain(SSL_CTX* context, const std::string& pem) {
  const auto blocks = read_pem(pem);
  if (!blocks) return false;
  bool has_leaf = false;
  for (const PemBlock& block : *blocks) {
    if (block.label != "CERTIFICATE") continue;
    const auto* der = reinterpret_cast<const unsigned char*>(block.der.data());
    const X509Ptr certificate(d2i_X509(nullptr, &der, static_cast<long>(block.der.size())));
    if (!certificate) return false;
    const auto taken = has_leaf ? SSL_CTX_add1_chain_cert(context, certificate.get())
                                : SSL_CTX_use_certificate(context, certificate.get());
    if (taken != 1) return false;
    has_leaf = true;
  }
  return has_leaf;
}

SslCtxPtr make_context(const HttpServer::TlsIdentity& identity) {
  SslCtxPtr made(SSL_CTX_new(TLS_server_method()));
  const auto key = PrivateKey::from_pem(identity.key_pem);
  if (!made || !key) return nullptr;
  SSL_CTX* const context = made.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  // Proxies keep their connections, so there is nothing to win by resuming.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  // Idle connections, of which a poll is one, give their buffers back.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // After a record without data, as a KeyUpdate is, reading ends and goes on in the next turn;
  // OpenSSL would read on, for as long as a client sends them.
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  if (!use_chain(context, identity.chain_pem)) return nullptr;
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1) return nullptr;
  return made;
}

}  // namespace

SslPtr ServerTls::make_ssl() {
  HttpServer::TlsIdentity identity = source_();
  if (!context_ || identity != identity_) {
    ERR_clear_error();
    context_ = make_context(identity);
    ERR_clear_error();
    identity_ = std::move(identity);
  }
  if (!context_) return nullptr;
  SslPtr ssl(SSL_new(context_.get()));
  if (ssl) SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace base
