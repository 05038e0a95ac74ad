#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "proxy/tls/certificate_table.h"
#include "proxy/tls/control_messages.h"

struct ssl_st;  // OpenSSL's SSL

namespace proxy::tls {

class ServerContext;
class ShownCertificate;

// The server's side of one TLS connection. Bytes in, bytes out, no socket: ciphertext to send is
// appended to ServerContext::output(), and belongs to whoever called last. Used by the thread of
// its context.
class Connection {
 public:
  explicit Connection(ServerContext& context);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  enum class Handshake { needs_more, done, failed };
  // Goes as far as the ciphertext leads, and takes what it used off its front. After `done` the
  // rest is for read(). After `failed` there may be an alert to send; failure_reason() says why.
  Handshake step(std::string_view& ciphertext);
  // A stable token: "unrecognized_name", "certificate_broken", "no_common_protocol", ...
  std::string_view failure_reason() const { return failure_reason_; }

  // What OpenSSL allocates for one, for the account of memory: measured (records_test.cpp), since
  // asking it would cost each of its allocations.
  static constexpr std::size_t kBytesInHandshake = 40u << 10;
  static constexpr std::size_t kBytes = 16u << 10;  // after that

  enum class State { open, closed_by_peer, failed };
  // Decrypts until the ciphertext is used up, `out` is full or `records` were read, takes what it
  // used off the ciphertext's front, and returns the number of bytes; `records` then says how many.
  // The peer's end is in state().
  std::size_t read(std::string_view& ciphertext, char* out, std::size_t size, std::size_t& records);
  State state() const { return state_; }

  // Encrypts in records of at most 16 KiB. False: the connection is broken.
  bool write(std::string_view plain);
  void write_close_notify();

  // After the handshake.
  bool negotiated_http2() const;
  bool was_resumed() const;
  std::string_view version() const;  // "TLSv1.3"
  // The strictest policy that this connection is good for, whatever its own name's is.
  config::TlsPolicy met_policy() const;
  // The name that the client asked for, lower case, without a trailing dot; empty: none.
  std::string_view server_name() const { return server_name_ ? *server_name_ : std::string_view(); }
  const std::shared_ptr<const CertificateEntry>& certificate() const { return certificate_; }
  // Whether the client was asked for a certificate, and what it showed then; nullptr: nothing. It
  // has proved that it is its own, and nothing else is known of it.
  bool asked_for_certificate() const { return asked_for_certificate_; }
  ShownCertificate* shown_certificate() const { return shown_.get(); }
  // What that takes of memory, about.
  std::size_t shown_bytes() const { return shown_bytes_; }

 private:
  friend class ServerContext;
  void fail(std::string_view reason);
  void take_shown_certificate();
  void note_control_message();

  ServerContext& context_;
  ssl_st* ssl_;
  State state_ = State::open;
  bool is_established_ = false;
  ControlMessages control_messages_;  // since it was established
  std::string_view failure_reason_;
  std::unique_ptr<std::string> server_name_;
  std::shared_ptr<const CertificateEntry> certificate_;
  bool asked_for_certificate_ = false;
  config::TlsPolicy policy_ =
      config::TlsPolicy::intermediate;  // of the name that the client asked for
  std::size_t shown_bytes_ = 0;
  std::unique_ptr<ShownCertificate> shown_;
};

}  // namespace proxy::tls
