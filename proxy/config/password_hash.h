#pragma once

#include <cstdint>
#include <string_view>

namespace proxy::config {

// What a hash of a password says of itself.
enum class PasswordScheme : std::uint8_t {
  bcrypt,        // $2a$, $2b$, $2y$; the other letters are of implementations with a fault
  apr1,          // $apr1$: Apache's variant of MD5-crypt
  sha1,          // {SHA}, without a salt
  sha256_crypt,  // $5$
  sha512_crypt,  // $6$
};

// A hash as htpasswd has them, read no further than to know how it is compared, and that this does
// not take too long.
struct PasswordHash {
  PasswordScheme scheme = PasswordScheme::bcrypt;
  std::string_view problem{};  // not empty: it is none, "is a password in plain text, or ..."
};
PasswordHash read_password_hash(std::string_view hash);

// What one comparison may cost: about a second on a small processor. Above it somebody who knows no
// password at all could keep the proxy busy.
inline constexpr unsigned kBcryptCostMax = 14;
inline constexpr unsigned kShaCryptRoundsMax = 500'000;

}  // namespace proxy::config
