#pragma once

struct x509_store_st;

namespace proxy::tls {

// The authorities that this system trusts: of the file that SSL_CERT_FILE names, else of Debian's,
// which the image has. Read once, when somebody first needs them, and shared by all workers; a
// store of OpenSSL has its own lock. nullptr: there are none, so nobody can be trusted by them.
x509_store_st* system_authorities();

}  // namespace proxy::tls
