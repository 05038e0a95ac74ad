#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/tls/certificate_table.h"

namespace proxy::client {
class TrustedNetworks;
}  // namespace proxy::client

namespace proxy::tls {
class ShownCertificate;
}  // namespace proxy::tls

namespace proxy::session {

// Whether a connection begins with a PROXY header, by which a balancer says who its client is,
// before TLS, too.
enum class HeaderRule : std::uint8_t {
  none,       // what looks like one is the client's own word
  may_come,   // from a trusted proxy, where the configuration says so; else as none
  must_come,  // and from a trusted proxy: everybody else is closed
};

// What kind of port a client came to.
struct Entrance {
  bool secure = false;  // TLS from the first byte that is the client's
  HeaderRule header = HeaderRule::none;
};

// Who a request came from, and how. A connection has one; a request that a trusted proxy passed on
// has its own, with what that says of the client put in place of what is so of the connection.
// Views live as long as the connection, or the request.
struct Client {
  std::string_view address;       // IP literal without brackets
  std::string_view port;          // the port that it came to, "443"
  std::uint16_t source_port = 0;  // that it came from; 0: not known
  bool secure = false;            // this connection is TLS
  bool is_https = false;          // the client's own is, as far as is known
  // The list of trusted proxies where the address is on it; nullptr: it is not.
  const client::TrustedNetworks* trusted_proxies = nullptr;
  // Its fields about the client count.
  bool is_trusted_proxy() const { return trusted_proxies != nullptr; }
  bool may_attest = false;  // likewise those of Options::trusted_fields
  // All that follow: empty unless a trusted proxy passed the request on.
  std::string_view host{};                                   // that the client asked that proxy for
  std::string_view forwarded_for{};                          // from the client to the peer
  std::string_view tls_version;                              // "TLSv1.3"; empty: plain
  config::TlsPolicy met_policy = config::TlsPolicy::modern;  // that the connection is good for
  std::string_view server_name;                              // SNI
  const tls::CertificateEntry* certificate = nullptr;        // that it was shown
  int socket = -1;                         // of this connection, to ask the kernel where it ends
  bool was_asked_for_certificate = false;  // of its own, in the handshake
  tls::ShownCertificate* shown = nullptr;  // and showed this one; nullptr: none
};

// What a connection to an endpoint begins with, to tell of this client; empty: nothing.
std::string proxy_header_for(const Client& client, config::ProxyProtocol version);

}  // namespace proxy::session
