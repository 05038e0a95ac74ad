#pragma once

#include <string_view>

#include <openssl/ssl.h>

// What both roles of TLS do alike: a server to its clients, and a client to backends.
namespace proxy::tls {

// As records, into its BIO, which takes all of it. False: the connection cannot go on.
bool write_all(SSL* ssl, std::string_view plain);
// "No more from us" (RFC 8446 §6.1), into its BIO.
void say_close_notify(SSL* ssl);

}  // namespace proxy::tls
