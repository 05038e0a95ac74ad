#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/config/tls_policy.h"
#include "proxy/tls/certificate_table.h"
#include "proxy/tls/connection.h"
#include "proxy/tls/record_keys.h"

namespace proxy::tls {

class ServerContext;
class ShownCertificate;

// The server's side of one TLS connection. Used by the thread of its context, which outlives it.
class ServerConnection final : public Connection {
 public:
  explicit ServerConnection(ServerContext& context);
  ~ServerConnection() override;

  // What OpenSSL allocates for one, for the account of memory: measured (records_test.cpp), since
  // asking it would cost each of its allocations.
  static constexpr std::size_t kBytesInHandshake = 40u << 10;
  static constexpr std::size_t kBytes = 16u << 10;  // after that
  // Or what its RecordLayer takes then. And what the client has shown.
  std::size_t bytes() const override;

  // After the handshake.
  bool negotiated_http2() const { return negotiated_http2_; }
  // The strictest policy that this connection is good for, whatever its own name's is.
  config::TlsPolicy met_policy() const { return met_policy_; }
  // The name that the client asked for, lower case, without a trailing dot; empty: none.
  std::string_view server_name() const { return server_name_ ? *server_name_ : std::string_view(); }
  const std::shared_ptr<const CertificateEntry>& certificate() const { return certificate_; }
  // Whether the client was asked for a certificate, and what it showed then; nullptr: nothing. It
  // has proved that it is its own, and nothing else is known of it.
  bool asked_for_certificate() const { return asked_for_certificate_; }
  ShownCertificate* shown_certificate() const;

 private:
  friend class ServerContext;
  // Of a handshake of TLS 1.3, until it is over.
  struct Secrets {
    TrafficSecret client, server;
    std::size_t client_bytes = 0, server_bytes = 0;  // 0: it is not known yet
  };

  // With what the client has shown, which stays when OpenSSL's connection goes.
  struct Shown;

  void on_established(std::string_view said) override;
  std::string_view reason_of(unsigned long error) const override;
  void take_shown_certificate();
  void take_over_records(std::string_view said);
  // By the context, where records are to be taken over: a line of OpenSSL's log of keys.
  void note_secret(std::string_view line);
  // The next step makes a secret that is to be noted.
  bool awaits_secret() const;
  // By the context: why the handshake is about to end, before OpenSSL says that it has.
  void refuse(std::string_view reason) { fail(reason); }

  ServerContext& context_;
  bool asked_for_certificate_ = false;
  bool negotiated_http2_ = false;
  config::TlsPolicy met_policy_ = config::TlsPolicy::old;
  config::TlsPolicy policy_ =
      config::TlsPolicy::intermediate;  // of the name that the client asked for
  std::unique_ptr<std::string> server_name_;
  std::shared_ptr<const CertificateEntry> certificate_;
  std::size_t shown_bytes_ = 0;
  std::unique_ptr<Shown> shown_;
  std::unique_ptr<Secrets> secrets_;
};

}  // namespace proxy::tls
