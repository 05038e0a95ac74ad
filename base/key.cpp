#include "base/key.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include "base/ec_private_key.h"
#include "base/openssl.h"
#include "base/pem.h"

namespace base {
namespace {

constexpr std::size_t kKeyPemBytesMax = 64u << 10;  // RSA 4096 is 4 KiB

const char* curve_name(int bits) {
  if (bits == 256) return "P-256";
  if (bits == 384) return "P-384";
  return nullptr;
}

EVP_PKEY* generate_pkey(KeySpec spec) {
  if (spec.algorithm == KeyAlgorithm::rsa) {
    return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(spec.bits));
  }
  return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve_name(spec.bits));
}

bool is_supported(KeySpec spec) {
  if (spec.algorithm == KeyAlgorithm::rsa) {
    return spec.bits == 2048 || spec.bits == 3072 || spec.bits == 4096;
  }
  return curve_name(spec.bits) != nullptr;
}

// An encrypted key must fail; without this OpenSSL would ask for the password on the terminal.
int refuse_password(char*, int, int, void*) {
  return -1;
}

// What the decoders are not needed for: nullptr, whatever else it may be.
EvpPkeyPtr read_plain_ec_key(std::string_view pem) {
  const auto blocks = read_pem(pem);
  return blocks && blocks->size() == 1 ? read_ec_private_key(blocks->front()) : nullptr;
}

// Of a number that the key does not have: 0.
int bits_of(const EVP_PKEY* key, const char* part) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, part, &number) != 1) return 0;
  const int bits = BN_num_bits(number);
  BN_clear_free(number);
  return bits;
}

}  // namespace

Status check_cost_of(const EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return {};
  const int bits = EVP_PKEY_get_bits(key);
  if (bits > kRsaBitsMax) {
    return failure(ErrorKind::invalid, "the RSA key has " + std::to_string(bits) +
                                           " bits, and signatures with more than " +
                                           std::to_string(kRsaBitsMax) + " take too long");
  }
  bool is_plain = bits_of(key, OSSL_PKEY_PARAM_RSA_FACTOR3) == 0;
  for (const char* part :
       {OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
        OSSL_PKEY_PARAM_RSA_COEFFICIENT1}) {
    is_plain = is_plain && bits_of(key, part) <= bits;
  }
  take_openssl_error();
  if (is_plain) return {};
  return failure(ErrorKind::invalid, "the RSA key has parts that no key of its size has");
}

Result<PrivateKey> PrivateKey::generate(KeySpec spec) {
  if (!is_supported(spec)) {
    return failure(ErrorKind::invalid,
                   "a key of " + std::to_string(spec.bits) +
                       " bits is not supported; ECDSA has 256 or 384, RSA 2048, 3072 or 4096");
  }
  EVP_PKEY* const key = generate_pkey(spec);
  if (key == nullptr) {
    return failure(ErrorKind::unavailable, "cannot generate a key: " + take_openssl_error());
  }
  return PrivateKey(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  if (pem.size() > kKeyPemBytesMax) {
    return failure(ErrorKind::invalid, "the private key is larger than 64 KiB");
  }
  if (EvpPkeyPtr key = read_plain_ec_key(pem); key != nullptr) {
    return PrivateKey(std::shared_ptr<EVP_PKEY>(key.release(), EVP_PKEY_free));
  }
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, nullptr);
  if (key == nullptr) {
    // Not a word of the input: it may hold half a key.
    return failure(ErrorKind::invalid,
                   "the private key is not an unencrypted PKCS#8, SEC1 or PKCS#1 PEM key (" +
                       take_openssl_error() + ")");
  }
  take_openssl_error();
  PrivateKey read(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
  if (auto status = check_cost_of(key); !status) return failure(status.error());
  return read;
}

std::string PrivateKey::to_pem() const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return read_memory_bio(bio.get());
}

KeySpec PrivateKey::spec() const {
  const bool is_rsa = EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_RSA;
  return {is_rsa ? KeyAlgorithm::rsa : KeyAlgorithm::ecdsa, EVP_PKEY_get_bits(key_.get())};
}

}  // namespace base
