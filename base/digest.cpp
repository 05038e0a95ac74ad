#include "base/digest.h"

#include <cstdlib>

#include <openssl/evp.h>
#include <openssl/rand.h>

namespace base {
namespace {

std::string hex(std::string_view bytes, std::string_view separator) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * (2 + separator.size()));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) text += separator;
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text += digits[byte >> 4];
    text += digits[byte & 0xf];
  }
  return text;
}

}  // namespace

std::string sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  std::size_t size = 0;
  const int done = EVP_Q_digest(nullptr, "SHA256", nullptr, bytes.data(), bytes.size(),
                                reinterpret_cast<unsigned char*>(digest.data()), &size);
  // Only an OpenSSL without SHA-256 or memory gets here; a wrong digest would be worse than none.
  if (done != 1 || size != digest.size()) std::abort();
  return digest;
}

std::string sha256_hex(std::string_view bytes) {
  return hex(sha256(bytes), "");
}

std::string hex_pairs(std::string_view bytes) {
  return hex(bytes, ":");
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    std::abort();
  }
  return bytes;
}

}  // namespace base
