#include "proxy/tls/server_context.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include "base/tls_certificate_rules.h"
#include "proxy/http/host_name.h"
#include "proxy/reason/words.h"
#include "proxy/tls/parsed_certificate.h"
#include "proxy/tls/server_connection.h"
#include "proxy/tls/shown_certificate.h"

namespace proxy::tls {
namespace {

// What browsers of this decade and every TLS library speak, the cheapest first; groups and
// signatures are in base/tls_certificate_rules.h, beside what they mean for certificates.
constexpr const char* kTls13Ciphers =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// For clients that know TLS 1.2 without AEAD (RFC 5246): the same, then those with CBC. All of them
// have forward secrecy; of RSA's key exchange there is none.
constexpr const char* kOldTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:"
    "ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:"
    "ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA";
// With hourly rotation a ticket can be opened for so long at least: of four generations one may be
// that of the coming hour (operator/control/ticket_secrets.h).
constexpr long kSessionSeconds = 2L * 3600;

// Of the chain that a client shows: a certificate has some 1 to 2 KiB, and chains of clients two or
// three.
constexpr long kShownBytesMax = 16L << 10;
// Of the names of authorities that clients are told, to choose by: some hundred usual ones. A
// client without such a hint shows whatever it has, so beyond this there is none; the handshake
// would break at 64 KiB (RFC 8446 §4.2.4).
constexpr int kNamesBytesMax = 8 << 10;

constexpr std::string_view kHttp2 = "h2";
constexpr std::string_view kHttp11 = "http/1.1";

bool take_if_offered(std::string_view protocol, const unsigned char* offered, unsigned int size,
                     const unsigned char** chosen, unsigned char* chosen_size) {
  for (unsigned int at = 0; at < size; at += 1 + offered[at]) {
    if (at + 1 + offered[at] > size) return false;
    if (offered[at] == protocol.size() &&
        std::memcmp(offered + at + 1, protocol.data(), protocol.size()) == 0) {
      *chosen = offered + at + 1;
      *chosen_size = offered[at];
      return true;
    }
  }
  return false;
}

// RFC 9113 §9.2.2: over TLS 1.2 not with ciphers without AEAD, which only hosts for old clients
// take. In TLS 1.3 there are none, and the cipher may be chosen later.
bool may_speak_http2(const SSL* ssl) {
  const SSL_CIPHER* const cipher = SSL_get_pending_cipher(ssl);
  return cipher == nullptr || SSL_CIPHER_is_aead(cipher) == 1;
}

// The hybrid group where this OpenSSL has it, which only it can say.
bool set_groups(SSL_CTX* context) {
  if (SSL_CTX_set1_groups_list(context, base::kHybridTlsGroups) == 1) return true;
  ERR_clear_error();
  return SSL_CTX_set1_groups_list(context, base::kTlsGroups) == 1;
}

// The host name of the server_name extension (RFC 6066 §3): a list of one entry, type 0; empty when
// there is no such extension. False when it is not of that form. As strict as OpenSSL's own
// reading, which follows: no name passes both that is not the same for both.
bool read_server_name(SSL* ssl, std::string_view& name) {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &size) != 1) return true;
  constexpr std::size_t kBeforeName = 5;  // length of the list, type, length of the name
  if (size < kBeforeName) return false;
  const auto number_at = [&](std::size_t at) {
    return static_cast<std::size_t>(bytes[at]) << 8 | bytes[at + 1];
  };
  if (number_at(0) != size - 2 || bytes[2] != TLSEXT_NAMETYPE_host_name ||
      number_at(3) != size - kBeforeName || size - kBeforeName > TLSEXT_MAXLEN_host_name) {
    return false;
  }
  name = {reinterpret_cast<const char*>(bytes) + kBeforeName, size - kBeforeName};
  return name.find('\0') == std::string_view::npos;
}

}  // namespace

ServerContext::~ServerContext() = default;

base::Result<std::unique_ptr<ServerContext>> ServerContext::create(const ServerPolicy& policy) {
  std::unique_ptr<ServerContext> context(new ServerContext());
  if (auto status = context->configure(policy); !status) return base::failure(status.error());
  return context;
}

base::Status ServerContext::configure(const ServerPolicy& policy) {
  policy_ = policy;
  ERR_clear_error();
  context_.reset(SSL_CTX_new(TLS_server_method()));
  ticket_cipher_.reset(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr));
  sha256_.reset(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  digest_.reset(EVP_MD_CTX_new());
  SSL_CTX* ctx = context_.get();
  if (ctx == nullptr || !wire_.is_usable() || ticket_cipher_ == nullptr || sha256_ == nullptr ||
      digest_ == nullptr || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_ciphersuites(ctx, kTls13Ciphers) != 1 ||
      SSL_CTX_set_cipher_list(ctx, kTls12Ciphers) != 1 || !set_groups(ctx) ||
      SSL_CTX_set1_sigalgs_list(ctx, base::kTlsSignatures) != 1) {
    return base::failure(base::ErrorKind::unavailable,
                         "setting up TLS: " + base::take_openssl_error());
  }
  SSL_CTX_set_security_level(ctx, base::kTlsSecurityLevel);
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_COMPRESSION |
                               SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(ctx, 1);
  SSL_CTX_set_timeout(ctx, kSessionSeconds);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, use_ticket_key);
  SSL_CTX_set_client_hello_cb(ctx, read_client_hello, this);
  SSL_CTX_set_tlsext_servername_callback(ctx, accept_server_name);
  SSL_CTX_set_cert_cb(ctx, use_certificate, this);
  SSL_CTX_set_cert_verify_callback(ctx, judge_shown_chain, nullptr);
  SSL_CTX_set_max_cert_list(ctx, kShownBytesMax);
  SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, this);
  SSL_CTX_set_info_callback(ctx, watch);
  SSL_CTX_set_app_data(ctx, this);
  if (policy.own_records) {
    record_ciphers_ = RecordCiphers::make();
    if (record_ciphers_ == nullptr) {
      return base::failure(base::ErrorKind::unavailable,
                           "setting up records of TLS: " + base::take_openssl_error());
    }
  }
  return {};
}

void ServerContext::set_certificates(std::shared_ptr<const CertificateTable> certificates) {
  certificates_ = std::move(certificates);
}

// The first to see a ClientHello, before any ticket in it is opened. The name is read here and not
// from SSL_get_servername(): in TLS 1.2 that gives a resumed session's name instead of the one that
// was asked for, and in TLS 1.3 it comes too late for the ticket.
int ServerContext::read_client_hello(SSL* ssl, int* alert, void* argument) {
  const auto& context = *static_cast<const ServerContext*>(argument);
  auto& connection = *static_cast<ServerConnection*>(SSL_get_app_data(ssl));
  std::string_view name;
  if (!read_server_name(ssl, name)) {
    connection.refuse(reason::protocol_error);
    *alert = SSL_AD_DECODE_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
  }
  const http::HostName asked = http::HostName::of_server_name(name);
  connection.server_name_ =
      asked.view().empty() ? nullptr : std::make_unique<std::string>(asked.view());
  if (!context.choose_certificate(connection, *alert)) return SSL_CLIENT_HELLO_ERROR;
  connection.policy_ = context.certificates_->policy_of(connection.server_name());
  const bool is_set_up = apply_policy(ssl, connection.policy_) &&
                         context.ask_for_certificate(ssl, connection) &&
                         context.bind_tickets(ssl, connection);
  if (!is_set_up) {
    *alert = SSL_AD_INTERNAL_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
  }
  return SSL_CLIENT_HELLO_SUCCESS;
}

// Before the version and the cipher are chosen, which OpenSSL does next. The context is what most
// hosts speak, and costs them nothing here.
bool ServerContext::apply_policy(SSL* ssl, config::TlsPolicy policy) {
  switch (policy) {
    case config::TlsPolicy::intermediate:
      return true;
    case config::TlsPolicy::modern:
      return SSL_set_min_proto_version(ssl, TLS1_3_VERSION) == 1;
    case config::TlsPolicy::old:
      return SSL_set_cipher_list(ssl, kOldTls12Ciphers) == 1;
  }
  return false;
}

bool ServerContext::choose_certificate(ServerConnection& connection, int& alert) const {
  const auto* found =
      certificates_ == nullptr ? nullptr : certificates_->find(connection.server_name());
  if (found == nullptr) {
    connection.refuse(certificates_ == nullptr ? reason::no_configuration
                                               : reason::unrecognized_name);
    alert = SSL_AD_UNRECOGNIZED_NAME;
    return false;
  }
  if (!(*found)->is_usable()) {
    connection.refuse(reason::certificate_broken);
    alert = SSL_AD_INTERNAL_ERROR;
    return false;
  }
  connection.certificate_ = *found;
  return true;
}

// A ticket carries the session id context of the connection that it was made on, and OpenSSL opens
// it only where the context is the same, in both versions. So the context is what a ticket is good
// for: this name under this certificate.
bool ServerContext::bind_tickets(SSL* ssl, const ServerConnection& connection) const {
  std::array<unsigned char, SSL_MAX_SID_CTX_LENGTH> bound{};
  static_assert(SSL_MAX_SID_CTX_LENGTH == 32, "a SHA-256 fills it");
  const std::string_view name = connection.server_name();
  const CertificateEntry::Fingerprint& fingerprint = connection.certificate_->fingerprint();
  EVP_MD_CTX* const digest = digest_.get();
  // The fingerprint first: its length is always the same, so no name can run into it.
  return EVP_DigestInit_ex2(digest, sha256_.get(), nullptr) == 1 &&
         EVP_DigestUpdate(digest, fingerprint.data(), fingerprint.size()) == 1 &&
         // What was given before anybody was asked for a certificate is good for no more.
         (!connection.asked_for_certificate_ || EVP_DigestUpdate(digest, "+", 1) == 1) &&
         // Nor what was given under another policy: no name has a zero in it.
         (connection.policy_ == config::TlsPolicy::intermediate ||
          EVP_DigestUpdate(digest, connection.policy_ == config::TlsPolicy::modern ? "\0m" : "\0o",
                           2) == 1) &&
         EVP_DigestUpdate(digest, name.data(), name.size()) == 1 &&
         EVP_DigestFinal_ex(digest, bound.data(), nullptr) == 1 &&
         SSL_set_session_id_context(ssl, bound.data(), bound.size()) == 1;
}

// Which routes the requests will be for is not known yet, so a client is asked, and may go on with
// none: what it showed is verified by each route for itself (ShownCertificate).
bool ServerContext::ask_for_certificate(SSL* ssl, ServerConnection& connection) const {
  const CertificateRequest* const request = certificates_->request_of(connection.server_name());
  if (request == nullptr) return true;
  connection.asked_for_certificate_ = true;
  SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
  // A ticket would hold the certificate without its chain, which nobody could verify again.
  SSL_set_options(ssl, SSL_OP_NO_TICKET);
  SSL_set_num_tickets(ssl, 0);
  STACK_OF(X509_NAME)* const names = sk_X509_NAME_new_null();
  if (names == nullptr) return false;
  SSL_set_client_CA_list(ssl, names);  // it is the connection's from here on
  int bytes = 0;
  for (const auto& authorities : *request) {
    for (int i = 0; i < sk_X509_NAME_num(authorities->names()); ++i) {
      const X509_NAME* const one = sk_X509_NAME_value(authorities->names(), i);
      bytes += i2d_X509_NAME(one, nullptr);
      if (bytes > kNamesBytesMax) {
        SSL_set_client_CA_list(ssl, sk_X509_NAME_new_null());
        return true;
      }
      X509_NAME* const name = X509_NAME_dup(one);
      if (name == nullptr || sk_X509_NAME_push(names, name) <= 0) {
        X509_NAME_free(name);
        return false;
      }
    }
  }
  return true;
}

// In place of OpenSSL's verification. What costs more than it may ends the handshake; anything else
// goes on, and is verified when a route asks for that.
int ServerContext::judge_shown_chain(X509_STORE_CTX* shown, void*) {
  const auto* const ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(shown, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (const auto bearable = check_shown_chain(X509_STORE_CTX_get0_untrusted(shown)); !bearable) {
    static_cast<ServerConnection*>(SSL_get_app_data(ssl))
        ->refuse(reason::client_certificate_too_much);
    X509_STORE_CTX_set_error(shown, X509_V_ERR_CERT_REJECTED);
    return 0;
  }
  X509_STORE_CTX_set_error(shown, X509_V_OK);
  return 1;
}

// Without it OpenSSL would not acknowledge the name (RFC 6066 §3). What there is to say against it
// was said in read_client_hello().
int ServerContext::accept_server_name(SSL* ssl, int*, void*) {
  const auto& connection = *static_cast<const ServerConnection*>(SSL_get_app_data(ssl));
  return connection.certificate_ != nullptr ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Not called when a session is resumed: no certificate is sent then, and none need be parsed.
int ServerContext::use_certificate(SSL* ssl, void*) {
  auto& connection = *static_cast<ServerConnection*>(SSL_get_app_data(ssl));
  if (connection.certificate_ == nullptr) return 0;
  const ParsedCertificates::Form parsed = connection.certificate_->parsed();
  // OpenSSL counts references to what it takes.
  return parsed == nullptr ? 0
                           : SSL_use_cert_and_key(ssl, parsed->leaf.get(), parsed->key.get(),
                                                  parsed->chain.get(), 1);
}

void ServerContext::watch(const SSL* ssl, int where, int /*value*/) {
  auto& connection = *static_cast<ServerConnection*>(SSL_get_app_data(ssl));
  ServerContext& context = connection.context_;
  if (where == SSL_CB_ACCEPT_EXIT) {
    // Those of the next connection would be written out in vain.
    if (context.record_ciphers_ != nullptr) context.stop_noting_secrets();
    return;
  }
  if (where != SSL_CB_ACCEPT_LOOP && where != SSL_CB_WRITE_ALERT) return;
  connection.note_control_message();
  if (context.record_ciphers_ != nullptr && connection.awaits_secret()) context.note_secrets();
}

void ServerContext::note_secrets() {
  SSL_CTX_set_keylog_callback(context_.get(), note_secret);
}

void ServerContext::stop_noting_secrets() {
  SSL_CTX_set_keylog_callback(context_.get(), nullptr);
}

void ServerContext::note_secret(const SSL* ssl, const char* line) {
  static_cast<ServerConnection*>(SSL_get_app_data(ssl))->note_secret(line);
}

int ServerContext::choose_protocol(SSL* ssl, const unsigned char** chosen,
                                   unsigned char* chosen_size, const unsigned char* offered,
                                   unsigned int offered_size, void* argument) {
  const auto& context = *static_cast<ServerContext*>(argument);
  if (context.policy_.http2 && may_speak_http2(ssl) &&
      take_if_offered(kHttp2, offered, offered_size, chosen, chosen_size)) {
    return SSL_TLSEXT_ERR_OK;
  }
  if (take_if_offered(kHttp11, offered, offered_size, chosen, chosen_size)) {
    return SSL_TLSEXT_ERR_OK;
  }
  // RFC 7301 §3.2: no overlap is the fatal alert no_application_protocol.
  static_cast<ServerConnection*>(SSL_get_app_data(ssl))->refuse(reason::no_common_protocol);
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int ServerContext::use_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv,
                                  EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int sealing) {
  const auto& context =
      *static_cast<const ServerContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const std::shared_ptr<const TicketKeys>& keys = context.ticket_keys_;
  if (keys == nullptr) return 0;  // no ticket
  const TicketKey* key = nullptr;
  if (sealing != 0) {
    key = &keys->newest();
    std::memcpy(name, key->name.data(), key->name.size());
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(context.ticket_cipher_.get())) != 1) return -1;
  } else {
    key = keys->find(std::span<const unsigned char, 16>(name, 16));
    if (key == nullptr) return 0;  // too old: a full handshake
  }
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(
          OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key->mac.data()), key->mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
      OSSL_PARAM_construct_end()};
  if (EVP_CipherInit_ex(cipher, context.ticket_cipher_.get(), nullptr, key->encryption.data(), iv,
                        sealing) != 1 ||
      EVP_MAC_CTX_set_params(mac, parameters) != 1) {
    return -1;
  }
  // 2: it opens, and the client gets a new one: because this one's key grows old, or because a
  // client of TLS 1.3 uses a ticket only once, lest it be recognised by it (RFC 8446 §C.4).
  const bool renew = !keys->is_newest(*key) || SSL_version(ssl) == TLS1_3_VERSION;
  return sealing == 0 && renew ? 2 : 1;
}

}  // namespace proxy::tls
