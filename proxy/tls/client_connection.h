#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "proxy/config/model.h"
#include "proxy/tls/connection.h"

struct ssl_ctx_st;      // OpenSSL's SSL_CTX
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
  // endpoint that does not speak it is none. `wire`: that all such connections of its worker have;
  // nullptr: its own.
  explicit ClientContext(std::shared_ptr<const config::BackendTls> settings,
                         bool speaks_http2 = false, bool trusts_system = false,
                         bool tls13_only = false, std::shared_ptr<Wire> wire = nullptr)
      : wire_(std::move(wire)),
        settings_(std::move(settings)),
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
  Wire& wire();
  // nullptr: see use(), or there is no memory.
  ssl_st* make();

  std::shared_ptr<Wire> wire_;
  std::shared_ptr<const config::BackendTls> settings_;
  bool speaks_http2_;
  bool trusts_system_;
  bool tls13_only_;
  ssl_ctx_st* context_ = nullptr;
  bool was_tried_ = false;
};

// The client's side of one TLS connection. One thread.
class ClientConnection final : public Connection {
 public:
  // `session` must outlive it, as the context must: a ticket may come at any time.
  ClientConnection(ClientContext& context, SessionSlot& session);
  ~ClientConnection() override;

  // What OpenSSL allocates for one, about, for the account of memory.
  static constexpr std::size_t kBytes = 24u << 10;
  std::size_t bytes() const override { return kBytes; }

 private:
  friend class ClientContext;
  std::string_view set_up(ClientContext& context);
  static void watch(const ssl_st* ssl, int where, int value);
  static int keep_session(ssl_st* ssl, ssl_session_st* session);
  std::string_view reason_of(unsigned long error) const override;

  SessionSlot& session_;
};

}  // namespace proxy::tls
