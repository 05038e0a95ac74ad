#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct crypt_data;

namespace proxy::policy {

// libxcrypt takes no longer one (CRYPT_MAX_PASSPHRASE_SIZE).
inline constexpr std::size_t kPasswordBytesMax = 511;

// Compares passwords with their hashes. This is slow by intent: up to a second, see
// config::password_hash.h. Each thread has its own.
class PasswordHasher {
 public:
  PasswordHasher();
  ~PasswordHasher();

  // False for whatever is no hash that is known, and for what no password can be. Takes the same
  // time whatever the first difference.
  bool matches(std::string_view password, const std::string& hash);

 private:
  std::unique_ptr<crypt_data> scratch_;  // some 32 KiB; holds no secret between two calls
};

}  // namespace proxy::policy
