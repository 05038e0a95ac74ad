#include "proxy/tls/ssl_steps.h"

#include <algorithm>
#include <cstddef>

#include <openssl/err.h>

namespace proxy::tls {
bool write_all(SSL* ssl, std::string_view plain) {
  ERR_clear_error();
  while (!plain.empty()) {
    const int written = SSL_write(ssl, plain.data(),
                                  static_cast<int>(std::min<std::size_t>(plain.size(), 1u << 30)));
    if (written <= 0) {
      ERR_clear_error();
      return false;
    }
    plain.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void say_close_notify(SSL* ssl) {
  ERR_clear_error();
  SSL_shutdown(ssl);
  ERR_clear_error();
}

}  // namespace proxy::tls
