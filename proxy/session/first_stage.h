#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/admin/held_text.h"
#include "proxy/client/proxy_header.h"
#include "proxy/router/route_table.h"
#include "proxy/session/client.h"
#include "proxy/tls/client_hello.h"

namespace proxy::session {

// What comes first on a connection, looked at before anything is made for it or answered: by the
// PROXY header, where one is due or may come, who its client is; by the client's first words then,
// whose TLS it is. What OpenSSL needs for it, some 40 KiB in a handshake, is made when the first
// record is whole: those who only connect, who wait for their step or who stop in the middle of
// their first words cost none of it. Where hosts have their TLS end at an endpoint, the client's
// first words are kept until they say which host they are for; it costs those for other hosts no
// system call. Pure: is told what came, and keeps what has to be kept.
class FirstStage {
 public:
  // `gauge`: of what is kept.
  FirstStage(Entrance entrance, admin::Counter& gauge)
      : gauge_(gauge),
        is_secure_(entrance.secure),
        header_(entrance.header),
        awaits_(entrance.header == HeaderRule::none ? after_header() : Awaits::proxy_header) {}

  enum class Awaits : std::uint8_t {
    proxy_header,  // look_for_header() is next
    client_hello,  // look() is
    nothing,       // the rest is for whoever speaks in the clear, in TLS, or passes it on
  };
  Awaits awaits() const { return awaits_; }

  // The first bytes, which stay in the socket until the header is whole, so that nothing is held
  // for it and not a byte of what follows is taken. complete: it is to be taken out, and is awaited
  // no more; one of no bytes where none need come and none has.
  client::ProxyHeader look_for_header(std::string_view in_socket);
  // Where none need come, and nothing that begins one has been seen.
  bool may_go_without_header() const {
    return header_ == HeaderRule::may_come && !header_has_begun_;
  }
  // Whoever is there has no word by one.
  void expect_no_header() { awaits_ = after_header(); }

  // How much of it is to be read at once: what is gathered has a bound, and so has what may come
  // with its end. `routes`: nullptr: there are none yet.
  static std::size_t bytes_max(const router::RouteTable* routes);

  enum class Finding : std::uint8_t {
    needs_more,  // what came is kept
    tls_here,
    passes,  // its TLS is an endpoint's; what came is kept
  };
  // The client's first words, as they came.
  Finding look(std::string_view came, const router::RouteTable* routes);
  // All that was kept; empty: what came last is all that ever came.
  std::string take();

 private:
  struct Kept {
    explicit Kept(admin::Counter& gauge) : bytes(gauge) {}
    admin::HeldText bytes;
    tls::ClientHelloReader hello;  // over them
  };

  Awaits after_header() const { return is_secure_ ? Awaits::client_hello : Awaits::nothing; }

  admin::Counter& gauge_;
  std::unique_ptr<Kept> kept_;  // mostly it is whole at once, and nothing is
  bool is_secure_;
  HeaderRule header_;
  bool header_has_begun_ = false;
  Awaits awaits_;
};

}  // namespace proxy::session
