#include "acme/account_key.h"

#include <algorithm>

#include <openssl/core_names.h>
#include <openssl/ec.h>

#include "base/base64url.h"
#include "base/digest.h"
#include "base/openssl.h"

namespace acme {
namespace {

using EcdsaSignaturePtr = base::OpensslPtr<ECDSA_SIG, ECDSA_SIG_free>;

// Big-endian, padded with zeros in front to at least width bytes.
std::string bytes_of(const BIGNUM* number, int width) {
  std::string out(static_cast<std::size_t>(std::max(width, BN_num_bytes(number))), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
  return out;
}

base::Result<std::string> public_number(const base::PrivateKey& key, const char* name, int width) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key.get(), name, &raw) != 1) {
    return base::failure(base::ErrorKind::invalid,
                         "the account key's public part cannot be read from OpenSSL");
  }
  const base::BignumPtr number(raw);
  return base::base64url_encode(bytes_of(number.get(), width));
}

// RFC 7518 §6.2.1: coordinates have the full length of the curve's field.
base::Result<std::string> ec_jwk(const base::PrivateKey& key, int bits) {
  const auto x = public_number(key, OSSL_PKEY_PARAM_EC_PUB_X, bits / 8);
  if (!x) return base::failure(x.error());
  const auto y = public_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, bits / 8);
  if (!y) return base::failure(y.error());
  return R"({"crv":"P-)" + std::to_string(bits) + R"(","kty":"EC","x":")" + *x + R"(","y":")" + *y +
         R"("})";
}

// RFC 7518 §6.3.1: the shortest octets.
base::Result<std::string> rsa_jwk(const base::PrivateKey& key) {
  const auto e = public_number(key, OSSL_PKEY_PARAM_RSA_E, 0);
  if (!e) return base::failure(e.error());
  const auto n = public_number(key, OSSL_PKEY_PARAM_RSA_N, 0);
  if (!n) return base::failure(n.error());
  return R"({"e":")" + *e + R"(","kty":"RSA","n":")" + *n + R"("})";
}

// OpenSSL gives an ECDSA signature as DER; JOSE wants R || S (RFC 7518 §3.4).
base::Result<std::string> jose_form(const std::string& der, int bits) {
  const auto* start = reinterpret_cast<const unsigned char*>(der.data());
  const EcdsaSignaturePtr signature(d2i_ECDSA_SIG(nullptr, &start, static_cast<long>(der.size())));
  if (!signature) {
    return base::failure(base::ErrorKind::invalid, "the account key made no readable signature");
  }
  return bytes_of(ECDSA_SIG_get0_r(signature.get()), bits / 8) +
         bytes_of(ECDSA_SIG_get0_s(signature.get()), bits / 8);
}

}  // namespace

base::Result<AccountKey> AccountKey::from(base::PrivateKey key) {
  const base::KeySpec spec = key.spec();
  if (spec.algorithm == base::KeyAlgorithm::rsa) {
    auto jwk = rsa_jwk(key);
    if (!jwk) return base::failure(jwk.error());
    return AccountKey(std::move(key), "RS256", std::move(*jwk));
  }
  if (spec.bits != 256 && spec.bits != 384) {
    return base::failure(base::ErrorKind::invalid,
                         "an ACME account key must be RSA, ECDSA P-256 or ECDSA P-384");
  }
  auto jwk = ec_jwk(key, spec.bits);
  if (!jwk) return base::failure(jwk.error());
  return AccountKey(std::move(key), spec.bits == 256 ? "ES256" : "ES384", std::move(*jwk));
}

AccountKey::AccountKey(base::PrivateKey key, std::string_view algorithm, std::string jwk)
    : key_(std::move(key)),
      algorithm_(algorithm),
      jwk_(std::move(jwk)),
      thumbprint_(base::base64url_encode(base::sha256(jwk_))) {}

std::string AccountKey::key_authorization(std::string_view token) const {
  return std::string(token) + "." + thumbprint_;
}

base::Result<std::string> AccountKey::sign(std::string_view bytes) const {
  const base::EvpMdCtxPtr context(EVP_MD_CTX_new());
  const EVP_MD* digest = algorithm_ == "ES384" ? EVP_sha384() : EVP_sha256();
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, data, bytes.size()) != 1) {
    return base::failure(base::ErrorKind::invalid, "the account key cannot sign");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                     bytes.size()) != 1) {
    return base::failure(base::ErrorKind::invalid, "the account key cannot sign");
  }
  signature.resize(size);
  if (algorithm_ == "RS256") return signature;
  return jose_form(signature, key_.spec().bits);
}

}  // namespace acme
