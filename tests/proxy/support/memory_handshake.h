#pragma once

#include <string>

#include "base/openssl.h"
#include "proxy/tls/server_connection.h"
#include "proxy/tls/server_context.h"

namespace proxy::support {

// The server's side in memory against OpenSSL's client, without a socket: the handshake, and the
// first bytes behind it, in which a ticket of TLS 1.3 may be. `connection`: of this server, new;
// `client`: new, with all that it is to ask for. Returns why the server failed, in its words;
// empty: the handshake is done.
std::string shake_hands(tls::ServerContext& server, tls::ServerConnection& connection, SSL* client);

}  // namespace proxy::support
