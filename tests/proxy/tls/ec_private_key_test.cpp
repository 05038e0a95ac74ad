#include "base/ec_private_key.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/encoder.h>

#include "base/key.h"
#include "proxy/tls/parsed_certificate.h"

namespace proxy::tls {
namespace {

using base::read_ec_private_key;
using EncoderPtr = base::OpensslPtr<OSSL_ENCODER_CTX, OSSL_ENCODER_CTX_free>;

// "PrivateKeyInfo" is PKCS#8, "type-specific" is SEC1 or PKCS#1.
std::string pem_of(EVP_PKEY* key, const char* structure) {
  const EncoderPtr encoder(
      OSSL_ENCODER_CTX_new_for_pkey(key, EVP_PKEY_KEYPAIR, "PEM", structure, nullptr));
  const base::BioPtr bio(BIO_new(BIO_s_mem()));
  OSSL_ENCODER_to_bio(encoder.get(), bio.get());
  return base::read_memory_bio(bio.get());
}

base::PemBlock block_of(EVP_PKEY* key, const char* structure) {
  return base::read_pem(pem_of(key, structure)).value().at(0);
}

base::PrivateKey new_key(int bits = 256) {
  return base::PrivateKey::generate({base::KeyAlgorithm::ecdsa, bits}).value();
}

// Signs with the one, verifies with the other: the private half is tried, not only compared.
bool is_same_pair(EVP_PKEY* signer, EVP_PKEY* verifier) {
  const base::EvpMdCtxPtr sign(EVP_MD_CTX_new());
  const unsigned char text[] = "signed";
  unsigned char signature[256];
  std::size_t size = sizeof signature;
  if (EVP_DigestSignInit(sign.get(), nullptr, EVP_sha256(), nullptr, signer) != 1 ||
      EVP_DigestSign(sign.get(), signature, &size, text, sizeof text) != 1) {
    return false;
  }
  const base::EvpMdCtxPtr verify(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(verify.get(), nullptr, EVP_sha256(), nullptr, verifier) == 1 &&
         EVP_DigestVerify(verify.get(), signature, size, text, sizeof text) == 1 &&
         EVP_PKEY_eq(signer, verifier) == 1;
}

TEST(EcPrivateKey, AllCurvesAreReadInBothForms) {
  for (const char* curve : {"P-256", "P-384", "P-521"}) {
    const base::EvpPkeyPtr key(EVP_EC_gen(curve));
    for (const char* structure : {"PrivateKeyInfo", "type-specific"}) {
      const base::EvpPkeyPtr read = read_ec_private_key(block_of(key.get(), structure));
      ASSERT_NE(read, nullptr) << curve << " " << structure;
      EXPECT_EQ(EVP_PKEY_get_bits(read.get()), EVP_PKEY_get_bits(key.get()));
      EXPECT_TRUE(is_same_pair(read.get(), key.get())) << curve << " " << structure;
    }
  }
}

TEST(EcPrivateKey, ItsPublicHalfIsReadWithoutMakingAKey) {
  for (const char* curve : {"P-256", "P-384", "P-521"}) {
    const base::EvpPkeyPtr key(EVP_EC_gen(curve));
    std::string point(200, '\0');
    std::size_t size = 0;
    ASSERT_EQ(EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                              reinterpret_cast<unsigned char*>(point.data()),
                                              point.size(), &size),
              1);
    for (const char* structure : {"PrivateKeyInfo", "type-specific"}) {
      const auto half = base::read_ec_public_half(block_of(key.get(), structure));
      ASSERT_TRUE(half) << curve << " " << structure;
      EXPECT_EQ(half->curve, EC_curve_nist2nid(curve));
      EXPECT_EQ(half->point, point.substr(0, size));
    }
  }
  const base::EvpPkeyPtr rsa(EVP_RSA_gen(2048));
  EXPECT_FALSE(base::read_ec_public_half(block_of(rsa.get(), "PrivateKeyInfo")));
}

TEST(EcPrivateKey, WhatIsNoSuchKeyIsLeftToTheDecoders) {
  const base::EvpPkeyPtr rsa(EVP_RSA_gen(2048));
  const base::EvpPkeyPtr other_curve(EVP_EC_gen("secp256k1"));
  for (EVP_PKEY* key : {rsa.get(), other_curve.get()}) {
    EXPECT_EQ(read_ec_private_key(block_of(key, "PrivateKeyInfo")), nullptr);
    EXPECT_EQ(read_ec_private_key(block_of(key, "type-specific")), nullptr);
  }
  base::PemBlock parameters = block_of(new_key().get(), "type-specific");
  parameters.label = "EC PARAMETERS";
  EXPECT_EQ(read_ec_private_key(parameters), nullptr);
}

TEST(EcPrivateKey, AKeyCutShortAtAnyByteIsNotRead) {
  const base::PrivateKey key = new_key();
  for (const char* structure : {"PrivateKeyInfo", "type-specific"}) {
    const base::PemBlock whole = block_of(key.get(), structure);
    for (std::size_t size = 0; size < whole.der.size(); ++size) {
      EXPECT_EQ(read_ec_private_key({whole.label, whole.der.substr(0, size)}), nullptr) << size;
    }
  }
}

TEST(EcPrivateKey, AKeyWithSomethingBehindItIsNotRead) {
  const base::PrivateKey key = new_key();
  for (const char* structure : {"PrivateKeyInfo", "type-specific"}) {
    base::PemBlock block = block_of(key.get(), structure);
    block.der += "more";
    EXPECT_EQ(read_ec_private_key(block), nullptr) << structure;
  }
}

TEST(EcPrivateKey, APointThatIsNotOnTheCurveIsNotAKey) {
  base::PemBlock block = block_of(new_key().get(), "type-specific");
  block.der.back() = static_cast<char>(block.der.back() ^ 1);
  EXPECT_EQ(read_ec_private_key(block), nullptr);
}

TEST(ParsedCertificate, HasItsKeyInAnyFormAndRefusesAnothersKey) {
  const base::EvpPkeyPtr rsa(EVP_RSA_gen(2048));
  const base::PrivateKey key = new_key(), stranger = new_key(), longer = new_key(384);
  base::SelfSignedOptions options;
  options.names.dns_names = {"shop.test"};
  const std::string chain = base::make_self_signed(key, options).value();
  for (const char* structure : {"PrivateKeyInfo", "type-specific"}) {
    const auto parsed = parse_certificate({chain, pem_of(key.get(), structure)});
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_TRUE(is_same_pair((*parsed)->key.get(), key.get()));
    for (EVP_PKEY* other : {stranger.get(), longer.get(), rsa.get()}) {
      EXPECT_FALSE(parse_certificate({chain, pem_of(other, structure)}));
    }
  }
}

}  // namespace
}  // namespace proxy::tls
