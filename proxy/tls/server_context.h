#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/openssl.h"
#include "base/result.h"
#include "proxy/tls/certificate_table.h"
#include "proxy/tls/record_ciphers.h"
#include "proxy/tls/ticket_keys.h"
#include "proxy/tls/wire.h"

namespace proxy::tls {

class ServerConnection;

struct ServerPolicy {
  bool http2 = true;  // offered by ALPN before http/1.1
  // After a handshake of TLS 1.3 records are RecordLayer's, and OpenSSL's connection goes.
  bool own_records = false;
};

// What all TLS connections of one worker share: the SSL_CTX, the bytes on their way through
// OpenSSL, and the certificates and ticket keys of the moment. One thread.
//
// A session ticket resumes only for the name that it was given for, and only while the certificate
// that stood for that name then is still the one that would be shown now. Any other ticket costs a
// full handshake, or the alert that the name gets without a ticket (decision 0032); so does one
// that was given under another policy (decision 0076). A host whose
// clients are asked for certificates gives no tickets and takes none: each connection shows one
// anew, and all of its chain.
class ServerContext {
 public:
  static base::Result<std::unique_ptr<ServerContext>> create(const ServerPolicy& policy);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  // For handshakes that begin from now on. nullptr: none is served.
  void set_certificates(std::shared_ptr<const CertificateTable> certificates);
  void set_ticket_keys(std::shared_ptr<const TicketKeys> keys) { ticket_keys_ = std::move(keys); }
  const CertificateTable* certificates() const { return certificates_.get(); }

  // Ciphertext that OpenSSL made since it was cleared last.
  std::string& output() { return wire_.output(); }

 private:
  friend class ServerConnection;
  ServerContext() = default;
  base::Status configure(const ServerPolicy& policy);

  static int read_client_hello(SSL* ssl, int* alert, void* argument);
  static bool apply_policy(SSL* ssl, config::TlsPolicy policy);
  bool choose_certificate(ServerConnection& connection, int& alert) const;
  bool bind_tickets(SSL* ssl, const ServerConnection& connection) const;
  bool ask_for_certificate(SSL* ssl, ServerConnection& connection) const;
  static int judge_shown_chain(X509_STORE_CTX* shown, void* argument);
  static int accept_server_name(SSL* ssl, int* alert, void* argument);
  static int use_certificate(SSL* ssl, void* argument);
  // Of steps of OpenSSL's handshake, which KeyUpdates are to it, too, and of alerts.
  static void watch(const SSL* ssl, int where, int value);
  static int choose_protocol(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size,
                             const unsigned char* offered, unsigned int offered_size,
                             void* argument);
  static int use_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv,
                            EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int sealing);
  // OpenSSL tells secrets in this way alone, and each takes it some microseconds to write out: it
  // is asked to for the two that are used.
  void note_secrets();
  void stop_noting_secrets();
  static void note_secret(const SSL* ssl, const char* line);

  base::SslCtxPtr context_;
  Wire wire_;
  ServerPolicy policy_;
  base::OpensslPtr<EVP_CIPHER, EVP_CIPHER_free> ticket_cipher_;  // fetched once
  base::OpensslPtr<EVP_MD, EVP_MD_free> sha256_;                 // fetched once
  base::EvpMdCtxPtr digest_;
  std::shared_ptr<const CertificateTable> certificates_;
  std::shared_ptr<const TicketKeys> ticket_keys_;
  std::unique_ptr<RecordCiphers> record_ciphers_;  // nullptr: records are OpenSSL's
};

}  // namespace proxy::tls
