#include "proxy/tls/record_keys.h"

#include <algorithm>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

namespace proxy::tls {
namespace {

// RFC 8446 §7.1: of every label.
constexpr std::string_view kLabelPrefix = "tls13 ";
constexpr std::size_t kLabelBytesMax = 32;

bool uses_sha384(CipherSuite suite) {
  return suite == CipherSuite::aes_256_gcm_sha384;
}

// HMAC with a secret, for as long as it is there. OpenSSL would keep that secret: another takes its
// place then.
class KeyedHmac {
 public:
  KeyedHmac(EVP_MAC_CTX* context, CipherSuite suite, const TrafficSecret& secret)
      : context_(context),
        hash_size_(hash_bytes(suite)),
        is_keyed_(EVP_MAC_init(context, secret.bytes.data(), hash_size_, nullptr) == 1) {}
  ~KeyedHmac() {
    const TrafficSecret nothing;
    EVP_MAC_init(context_, nothing.bytes.data(), hash_size_, nullptr);
  }
  KeyedHmac(const KeyedHmac&) = delete;
  KeyedHmac& operator=(const KeyedHmac&) = delete;

  // RFC 5869 §2.3: one block, whose counter is 1, is all that any key or secret takes.
  bool expand(std::string_view label, std::span<unsigned char> out) const {
    if (!is_keyed_ || out.size() > hash_size_ ||
        kLabelPrefix.size() + label.size() > kLabelBytesMax) {
      return false;
    }
    std::array<unsigned char, 2 + 1 + kLabelBytesMax + 1 + 1> info{};
    unsigned char* end = info.data();
    *end++ = 0;
    *end++ = static_cast<unsigned char>(out.size());
    *end++ = static_cast<unsigned char>(kLabelPrefix.size() + label.size());
    end = std::copy(kLabelPrefix.begin(), kLabelPrefix.end(), end);
    end = std::copy(label.begin(), label.end(), end);
    *end++ = 0;  // no context
    *end++ = 1;
    TrafficSecret block;
    std::size_t size = 0;
    const bool is_made =
        EVP_MAC_init(context_, nullptr, 0, nullptr) == 1 &&  // with the same key
        EVP_MAC_update(context_, info.data(), static_cast<std::size_t>(end - info.data())) == 1 &&
        EVP_MAC_final(context_, block.bytes.data(), &size, block.bytes.size()) == 1;
    if (is_made) std::copy_n(block.bytes.begin(), out.size(), out.begin());
    return is_made;
  }

 private:
  EVP_MAC_CTX* context_;
  std::size_t hash_size_;
  bool is_keyed_;
};

}  // namespace

std::size_t key_bytes(CipherSuite suite) {
  return suite == CipherSuite::aes_128_gcm_sha256 ? 16 : 32;
}

std::size_t hash_bytes(CipherSuite suite) {
  return uses_sha384(suite) ? 48 : 32;
}

TrafficSecret::~TrafficSecret() {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

void RecordKeys::wipe() {
  OPENSSL_cleanse(key.data(), key.size());
  OPENSSL_cleanse(iv.data(), iv.size());
}

RecordKeys::Nonce RecordKeys::nonce() const {
  Nonce made = iv;
  for (std::size_t i = 0; i < sizeof sequence; ++i) {
    made[kNonceBytes - 1 - i] ^= static_cast<unsigned char>(sequence >> (8 * i));
  }
  return made;
}

void KeyExpansion::Deleter::operator()(evp_mac_ctx_st* context) const {
  EVP_MAC_CTX_free(context);
}

KeyExpansion::Hmac KeyExpansion::make(const char* hash) {
  EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  Hmac made(mac == nullptr ? nullptr : EVP_MAC_CTX_new(mac));
  EVP_MAC_free(mac);
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(hash), 0),
      OSSL_PARAM_construct_end()};
  if (made != nullptr && EVP_MAC_CTX_set_params(made.get(), parameters) != 1) made.reset();
  return made;
}

KeyExpansion::KeyExpansion() : sha256_(make("SHA256")), sha384_(make("SHA384")) {}

KeyExpansion::~KeyExpansion() = default;

bool KeyExpansion::expand(CipherSuite suite, const TrafficSecret& secret, std::string_view label,
                          std::span<unsigned char> out) {
  const KeyedHmac hmac((uses_sha384(suite) ? sha384_ : sha256_).get(), suite, secret);
  return hmac.expand(label, out);
}

bool KeyExpansion::derive_keys(const TrafficSecret& secret, RecordKeys& keys) {
  keys.sequence = 0;
  const KeyedHmac hmac((uses_sha384(keys.suite) ? sha384_ : sha256_).get(), keys.suite, secret);
  return hmac.expand("key", std::span(keys.key).first(key_bytes(keys.suite))) &&
         hmac.expand("iv", keys.iv);
}

bool KeyExpansion::advance(CipherSuite suite, TrafficSecret& secret) {
  TrafficSecret next;
  if (!expand(suite, secret, "traffic upd", std::span(next.bytes).first(hash_bytes(suite)))) {
    return false;
  }
  secret = next;
  return true;
}

}  // namespace proxy::tls
