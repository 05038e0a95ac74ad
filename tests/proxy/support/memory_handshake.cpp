#include "tests/proxy/support/memory_handshake.h"

#include <string_view>

namespace proxy::support {

std::string shake_hands(tls::ServerContext& server, tls::ServerConnection& connection,
                        SSL* client) {
  using Handshake = tls::ServerConnection::Handshake;
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(client, in, out);
  SSL_set_connect_state(client);
  auto step = Handshake::needs_more;
  while (step == Handshake::needs_more) {
    SSL_do_handshake(client);
    const std::string sent = base::read_memory_bio(out);
    (void)BIO_reset(out);
    if (sent.empty()) break;
    std::string_view left = sent;
    server.output().clear();
    step = connection.step(left);
    BIO_write(in, server.output().data(), static_cast<int>(server.output().size()));
  }
  if (step != Handshake::done) {
    const std::string reason(connection.failure_reason());
    return reason.empty() ? "stood still" : reason;
  }
  char byte = 0;
  SSL_read(client, &byte, 1);
  return {};
}

}  // namespace proxy::support
