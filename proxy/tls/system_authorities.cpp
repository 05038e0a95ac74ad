#include "proxy/tls/system_authorities.h"

#include <cstdlib>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

namespace proxy::tls {
namespace {

constexpr const char* kFile = "/etc/ssl/certs/ca-certificates.crt";

X509_STORE* read() {
  const char* const named = std::getenv("SSL_CERT_FILE");
  X509_STORE* store = X509_STORE_new();
  if (store != nullptr && X509_STORE_load_file(store, named == nullptr ? kFile : named) != 1) {
    X509_STORE_free(store);
    store = nullptr;
  }
  ERR_clear_error();
  return store;
}

}  // namespace

x509_store_st* system_authorities() {
  static X509_STORE* const kStore = read();  // for as long as the process lives
  return kStore;
}

}  // namespace proxy::tls
