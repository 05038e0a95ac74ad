#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/admin/held_text.h"
#include "proxy/router/route_table.h"
#include "proxy/tls/client_hello.h"

namespace proxy::session {

// What comes first on a connection, looked at before anything is made for it or answered: whose TLS
// it is. What OpenSSL needs for it, some 40 KiB in a handshake, is made when the first record is
// whole: those who only connect, who wait for their step or who stop in the middle of their first
// words cost none of it. Where hosts have their TLS end at an endpoint, the client's first words
// are kept until they say which host they are for; it costs those for other hosts no system call.
// Pure: is told what came, and keeps what has to be kept.
class FirstStage {
 public:
  // `gauge`: of what is kept.
  explicit FirstStage(admin::Counter& gauge) : gauge_(gauge) {}

  // How much of it is to be read at once: what is gathered has a bound, and so has what may come
  // with its end. `routes`: nullptr: there are none yet.
  static std::size_t bytes_max(const router::RouteTable* routes);

  enum class Finding : std::uint8_t {
    needs_more,  // what came is kept
    tls_here,
    passes,  // its TLS is an endpoint's; what came is kept
  };
  Finding look(std::string_view came, const router::RouteTable* routes);
  // All that was kept; empty: what came last is all that ever came.
  std::string take();

 private:
  struct Kept {
    explicit Kept(admin::Counter& gauge) : bytes(gauge) {}
    admin::HeldText bytes;
    tls::ClientHelloReader hello;  // over them
  };

  admin::Counter& gauge_;
  std::unique_ptr<Kept> kept_;  // mostly it is whole at once, and nothing is
};

}  // namespace proxy::session
