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
  // Looking the algorithm up by its name costs more than hashing a few hundred bytes.
  struct Hashing {
    EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    Hashing() = default;
    Hashing(const Hashing&) = delete;
    Hashing& operator=(const Hashing&) = delete;
    ~Hashing() {
      EVP_MD_CTX_free(context);
      EVP_MD_free(algorithm);
    }
  };
  static thread_local Hashing hashing;
  std::string digest(32, '\0');
  unsigned int size = 0;
  const bool done = hashing.algorithm != nullptr && hashing.context != nullptr &&
                    EVP_DigestInit_ex2(hashing.context, hashing.algorithm, nullptr) == 1 &&
                    EVP_DigestUpdate(hashing.context, bytes.data(), bytes.size()) == 1 &&
                    EVP_DigestFinal_ex(hashing.context,
                                       reinterpret_cast<unsigned char*>(digest.data()), &size) == 1;
  // Only an OpenSSL without SHA-256 or memory gets here; a wrong digest would be worse than none.
  if (!done || size != digest.size()) std::abort();
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
