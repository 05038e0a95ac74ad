#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "proxy/config/model.h"
#include "proxy/tls/control_messages.h"

struct ssl_st;          // OpenSSL's SSL
struct ssl_ctx_st;      // SSL_CTX
struct ssl_session_st;  // SSL_SESSION

namespace proxy::tls {

struct SessionDeleter {
  void operator()(ssl_session_st* session) const;
};
// A session that an endpoint offered, for the next connection to it; or nothing.
using SessionSlot = std::unique_ptr<ssl_session_st, SessionDeleter>;

// What all TLS connections to the endpoints of one cluster share, in one worker. Made when the
// first of them needs it: a configuration may have thousands. One thread.
class ClientContext {
 public:
  // `speaks_http2`: that is what its endpoints are told by ALPN (RFC 7301). `trusts_system`: by
  // system_authorities() they are verified, in place of those of the settings. `tls13_only`: an
  // endpoint that does not speak it is none.
  explicit ClientContext(std::shared_ptr<const config::BackendTls> settings,
                         bool speaks_http2 = false, bool trusts_system = false,
                         bool tls13_only = false)
      : settings_(std::move(settings)),
        speaks_http2_(speaks_http2),
        trusts_system_(trusts_system),
        tls13_only_(tls13_only) {}
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

 private:
  friend class ClientConnection;
  // nullptr: the settings cannot be used, and no connection may be made without them.
  ssl_ctx_st* use();
  bool is_trust_settled(ssl_ctx_st* context) const;

  std::shared_ptr<const config::BackendTls> settings_;
  bool speaks_http2_;
  bool trusts_system_;
  bool tls13_only_;
  ssl_ctx_st* context_ = nullptr;
  bool was_tried_ = false;
};

// The client's side of one TLS connection. Bytes in, bytes out, no socket. One thread.
class ClientConnection {
 public:
  // `session` must outlive it: a ticket may come at any time.
  ClientConnection(ClientContext& context, SessionSlot& session);
  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  // What OpenSSL allocates for one, about, for the account of memory.
  static constexpr std::size_t kBytes = 24u << 10;

  // Ciphertext of the endpoint's. It is to be used up before the next: see has_input().
  void put(std::string_view ciphertext);
  // Ciphertext for the endpoint, until it is cleared.
  std::string_view output() const;
  void clear_output();

  enum class Handshake { needs_more, done, failed };
  // Goes as far as what was put leads. After `done` the rest is for read().
  Handshake step();
  bool is_established() const { return is_established_; }
  // After `failed`: a token of static storage.
  std::string_view failure_reason() const { return failure_reason_; }

  // True: read() has something to look at.
  bool has_input() const;
  // Decrypts until what was put is used up, `out` is full or `records` were read; `records` then
  // says how many.
  std::size_t read(char* out, std::size_t size, std::size_t& records);
  bool is_closed_by_peer() const { return is_closed_by_peer_; }
  bool has_failed() const { return has_failed_; }

  // False: the connection is broken.
  bool write(std::string_view plain);
  void write_close_notify();
  bool was_resumed() const;

 private:
  friend class ClientContext;
  std::string_view set_up(ClientContext& context);
  static void watch(const ssl_st* ssl, int where, int value);
  static int keep_session(ssl_st* ssl, ssl_session_st* session);
  void fail(std::string_view reason);

  SessionSlot& session_;
  ssl_st* ssl_ = nullptr;
  bool is_established_ = false;
  bool is_closed_by_peer_ = false;
  bool has_failed_ = false;
  ControlMessages control_messages_;  // since it was established
  std::string_view failure_reason_;
};

}  // namespace proxy::tls
