#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

// A text that nobody can read or change who has not its secret: AES-256-GCM under a key that is
// derived from the secret and a salt of its own (RFC 5869), so that no nonce is used twice.
//
//   "GATESNAP" | version, 4 bytes | seconds since 1970, 8 bytes | salt, 32 bytes | nonce, 12 bytes
//   | ciphertext | tag, 16 bytes
//
// Numbers are big-endian; what stands before the ciphertext is authenticated with it.
namespace proxy::control {

inline constexpr std::size_t kSealBytes = 8 + 4 + 8 + 32 + 12 + 16;  // beside the text
inline constexpr std::size_t kSealSecretBytesMin = 32;

// `secret` has the strength of a key. Aborts if the library fails.
std::string seal(std::string_view text, std::string_view secret, base::WallTime now);

struct Unsealed {
  std::string text;
  base::WallTime sealed_at;
};
// invalid, with a sentence: it is cut off, of another version, or was sealed with another secret,
// which nobody can tell from what was changed since.
base::Result<Unsealed> unseal(std::string_view sealed, std::string_view secret);

}  // namespace proxy::control
