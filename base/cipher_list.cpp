#include "base/cipher_list.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/openssl.h"

namespace base {

std::string safe_cipher_list(std::string_view said) {
  return std::string(said) + ":!aNULL:!eNULL";
}

bool is_cipher_list(std::string_view said) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+!:, ";
  if (said.empty() || said.find_first_not_of(kAllowed) != std::string_view::npos) return false;
  const SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  const bool is_one = context != nullptr &&
                      SSL_CTX_set_cipher_list(context.get(), safe_cipher_list(said).c_str()) == 1;
  ERR_clear_error();
  return is_one;
}

}  // namespace base
