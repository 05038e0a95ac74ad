#include "proxy/control/sealing.h"

#include <chrono>
#include <cstdint>
#include <cstdlib>

#include "base/digest.h"
#include "base/hkdf.h"
#include "base/openssl.h"

namespace proxy::control {
namespace {

constexpr std::string_view kMagic = "GATESNAP";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kSaltBytes = 32;
constexpr std::size_t kNonceBytes = 12;  // NIST SP 800-38D §8.2
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kSaltAt = 8 + 4 + 8;
constexpr std::size_t kNonceAt = kSaltAt + kSaltBytes;
constexpr std::size_t kHeadBytes = kNonceAt + kNonceBytes;
static_assert(kHeadBytes + kTagBytes == kSealBytes);

using Cipher = base::OpensslPtr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

void append_number(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned shift = 8 * bytes; shift > 0; shift -= 8) {
    out += static_cast<char>(value >> (shift - 8));
  }
}
std::uint64_t number_in(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// As base::random_bytes(): what is not sealed must not be written.
void must(bool worked) {
  if (!worked) std::abort();
}

std::string key_for(std::string_view secret, std::string_view head) {
  return base::hkdf_sha256(secret, head.substr(kSaltAt, kSaltBytes), "gatehouse snapshot",
                           kKeyBytes);
}

}  // namespace

std::string seal(std::string_view text, std::string_view secret, base::WallTime now) {
  std::string sealed(kMagic);
  append_number(sealed, kVersion, 4);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  append_number(sealed, static_cast<std::uint64_t>(seconds.count()), 8);
  sealed += base::random_bytes(kSaltBytes + kNonceBytes);
  const std::string key = key_for(secret, sealed);
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  must(cipher != nullptr &&
       EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key),
                          bytes_of(sealed) + kNonceAt) == 1 &&
       EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes_of(sealed),
                         static_cast<int>(kHeadBytes)) == 1);
  sealed.resize(kHeadBytes + text.size() + kTagBytes);
  must(EVP_EncryptUpdate(cipher.get(), bytes_of(sealed) + kHeadBytes, &size, bytes_of(text),
                         static_cast<int>(text.size())) == 1 &&
       EVP_EncryptFinal_ex(cipher.get(), bytes_of(sealed) + kHeadBytes + size, &size) == 1 &&
       EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagBytes),
                           bytes_of(sealed) + kHeadBytes + text.size()) == 1);
  return sealed;
}

base::Result<Unsealed> unseal(std::string_view sealed, std::string_view secret) {
  using base::ErrorKind;
  if (!sealed.starts_with(kMagic)) return base::failure(ErrorKind::invalid, "it is no snapshot");
  if (sealed.size() < kSealBytes) return base::failure(ErrorKind::invalid, "it is cut off");
  const std::uint64_t version = number_in(sealed.substr(kMagic.size(), 4));
  if (version != kVersion) {
    return base::failure(ErrorKind::invalid,
                         "it is of version " + std::to_string(version) + ", which is not known");
  }
  const std::string_view head = sealed.substr(0, kHeadBytes);
  const std::string_view text = sealed.substr(kHeadBytes, sealed.size() - kSealBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  const std::string key = key_for(secret, head);
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  Unsealed unsealed;
  unsealed.text.resize(text.size());
  must(cipher != nullptr &&
       EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key),
                          bytes_of(head) + kNonceAt) == 1 &&
       EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes_of(head),
                         static_cast<int>(head.size())) == 1 &&
       EVP_DecryptUpdate(cipher.get(), bytes_of(unsealed.text), &size, bytes_of(text),
                         static_cast<int>(text.size())) == 1 &&
       EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagBytes),
                           bytes_of(tag)) == 1);
  int rest = 0;
  if (EVP_DecryptFinal_ex(cipher.get(), bytes_of(unsealed.text) + size, &rest) != 1) {
    base::take_openssl_error();
    return base::failure(ErrorKind::invalid,
                         "it was sealed with another key, or has been changed since");
  }
  unsealed.sealed_at = base::WallTime(std::chrono::seconds(
      static_cast<std::int64_t>(number_in(head.substr(kMagic.size() + 4, 8)))));
  return unsealed;
}

}  // namespace proxy::control
