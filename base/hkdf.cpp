#include "base/hkdf.h"

#include <cstdlib>
#include <memory>

#include <openssl/evp.h>
#include <openssl/kdf.h>

namespace base {
namespace {

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string hkdf_sha256(std::string_view secret, std::string_view salt, std::string_view info,
                        std::size_t count) {
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr), EVP_PKEY_CTX_free);
  std::string derived(count, '\0');
  const bool is_made =
      context != nullptr && EVP_PKEY_derive_init(context.get()) == 1 &&
      EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()) == 1 &&
      EVP_PKEY_CTX_set1_hkdf_salt(context.get(), bytes_of(salt), static_cast<int>(salt.size())) ==
          1 &&
      EVP_PKEY_CTX_set1_hkdf_key(context.get(), bytes_of(secret),
                                 static_cast<int>(secret.size())) == 1 &&
      EVP_PKEY_CTX_add1_hkdf_info(context.get(), bytes_of(info), static_cast<int>(info.size())) ==
          1 &&
      EVP_PKEY_derive(context.get(), reinterpret_cast<unsigned char*>(derived.data()), &count) == 1;
  if (!is_made || count != derived.size()) std::abort();
  return derived;
}

}  // namespace base
