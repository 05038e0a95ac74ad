// The rule of base/tls_certificate_rules.h against the server itself: what it accepts can be shown
// in a handshake, and what it refuses would have failed there, as far as this OpenSSL judges it.
#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/openssl.h"
#include "base/tls_certificate_rules.h"
#include "proxy/tls/parsed_certificate.h"

namespace proxy::tls {
namespace {

using ::testing::HasSubstr;

base::EvpPkeyPtr ec_key(const char* curve) {
  return base::EvpPkeyPtr(EVP_EC_gen(curve));
}

base::EvpPkeyPtr key_of_type(const char* type) {
  return base::EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, type));
}

base::EvpPkeyPtr rsa_key(std::size_t bits) {
  return base::EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
}

base::EvpPkeyPtr rsa_pss_key() {
  const base::EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr));
  EVP_PKEY* key = nullptr;
  EVP_PKEY_keygen_init(context.get());
  EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), 2048);
  EVP_PKEY_generate(context.get(), &key);
  return base::EvpPkeyPtr(key);
}

std::string pem_of(const std::function<void(BIO*)>& write) {
  const base::BioPtr bio(BIO_new(BIO_s_mem()));
  write(bio.get());
  return base::read_memory_bio(bio.get());
}

// A certificate of `subject` with this key, signed by `issuer` and its key.
std::string certificate(const char* subject, EVP_PKEY* key, const char* issuer, EVP_PKEY* signer,
                        const EVP_MD* digest) {
  const base::X509Ptr x509(X509_new());
  X509_set_version(x509.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 7);
  X509_gmtime_adj(X509_getm_notBefore(x509.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
  const auto set_name = [](X509_NAME* name, const char* text) {
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(text), -1, -1, 0);
  };
  set_name(X509_get_subject_name(x509.get()), subject);
  set_name(X509_get_issuer_name(x509.get()), issuer);
  X509_set_pubkey(x509.get(), key);
  X509_sign(x509.get(), signer, digest);
  return pem_of([&](BIO* bio) { PEM_write_bio_X509(bio, x509.get()); });
}

std::string key_pem(EVP_PKEY* key) {
  return pem_of(
      [&](BIO* bio) { PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

// Whether OpenSSL takes it with the lists that the server has, and a client of this version that
// offers what OpenSSL offers by itself comes to the end of the handshake.
bool is_served(const std::string& chain_pem, const std::string& pem, int version) {
  const base::SslCtxPtr server_context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_security_level(server_context.get(), base::kTlsSecurityLevel);
  SSL_CTX_set1_groups_list(server_context.get(), base::kTlsGroups);
  SSL_CTX_set1_sigalgs_list(server_context.get(), base::kTlsSignatures);
  const base::BioPtr chain(BIO_new_mem_buf(chain_pem.data(), static_cast<int>(chain_pem.size())));
  const base::BioPtr key_bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const base::EvpPkeyPtr key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
  const base::X509Ptr leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  STACK_OF(X509)* others = sk_X509_new_null();
  while (X509* next = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)) {
    sk_X509_push(others, next);
  }
  const int used = SSL_CTX_use_cert_and_key(server_context.get(), leaf.get(), key.get(), others, 1);
  sk_X509_pop_free(others, X509_free);
  ERR_clear_error();
  if (used != 1) return false;

  const base::SslCtxPtr client_context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(client_context.get(), version);
  SSL_CTX_set_max_proto_version(client_context.get(), version);
  const base::SslPtr server(SSL_new(server_context.get()));
  const base::SslPtr client(SSL_new(client_context.get()));
  BIO *to_client = nullptr, *to_server = nullptr;
  BIO_new_bio_pair(&to_client, 64 << 10, &to_server, 64 << 10);
  SSL_set_bio(server.get(), to_client, to_client);
  SSL_set_bio(client.get(), to_server, to_server);
  SSL_set_accept_state(server.get());
  SSL_set_connect_state(client.get());
  for (int i = 0; i < 8; ++i) {
    SSL_do_handshake(client.get());
    SSL_do_handshake(server.get());
  }
  const bool done =
      SSL_is_init_finished(client.get()) == 1 && SSL_is_init_finished(server.get()) == 1;
  ERR_clear_error();
  return done;
}

TEST(ServableCertificates, TheRuleSaysWhatTheServerWouldDo) {
  struct Case {
    const char* name;
    base::EvpPkeyPtr key;
    const EVP_MD* self_signed_with;  // nullptr: as the key wants
    std::string problem;             // a part of it; empty: it is served
  };
  std::vector<Case> cases;
  cases.push_back({"P-256", ec_key("P-256"), EVP_sha256(), ""});
  cases.push_back({"P-384", ec_key("P-384"), EVP_sha384(), ""});
  cases.push_back({"RSA 2048", rsa_key(2048), EVP_sha256(), ""});
  cases.push_back({"RSA 3072", rsa_key(3072), EVP_sha256(), ""});
  cases.push_back({"Ed25519", key_of_type("ED25519"), nullptr, ""});
  cases.push_back({"self-signed by SHA-1", ec_key("P-256"), EVP_sha1(), ""});
  cases.push_back({"RSA 1024", rsa_key(1024), EVP_sha256(), "its RSA key has 1024 bits"});
  cases.push_back({"RSA 1536", rsa_key(1536), EVP_sha256(), "its RSA key has 1536 bits"});
  cases.push_back({"P-521", ec_key("P-521"), EVP_sha512(), ""});
  cases.push_back({"P-224", ec_key("P-224"), EVP_sha256(), "on the curve secp224r1"});
  cases.push_back({"secp256k1", ec_key("secp256k1"), EVP_sha256(), "on the curve secp256k1"});
  cases.push_back(
      {"brainpool", ec_key("brainpoolP256r1"), EVP_sha256(), "on the curve brainpoolP256r1"});
  cases.push_back({"Ed448", key_of_type("ED448"), nullptr, "of type ED448"});
  cases.push_back({"RSA-PSS", rsa_pss_key(), EVP_sha256(), "of type RSA-PSS"});
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    ASSERT_NE(c.key, nullptr);
    const std::string chain =
        certificate("a.test", c.key.get(), "a.test", c.key.get(), c.self_signed_with);
    const std::string key = key_pem(c.key.get());
    const auto verdict = base::check_tls_pair(chain, key);
    const bool everywhere =
        is_served(chain, key, TLS1_2_VERSION) && is_served(chain, key, TLS1_3_VERSION);
    EXPECT_EQ(verdict.has_value(), everywhere);
    EXPECT_EQ(parse_certificate({chain, key}).has_value(), verdict.has_value());
    if (!c.problem.empty()) {
      ASSERT_FALSE(verdict);
      EXPECT_THAT(verdict.error().message, HasSubstr(c.problem));
    } else {
      EXPECT_TRUE(verdict);
    }
  }
}

// They could be served, a few at a time.
TEST(ServableCertificates, KeysThatTakeLongToSignWithAreRefused) {
  const auto long_key = rsa_key(4104);
  const std::string chain =
      certificate("a.test", long_key.get(), "a.test", long_key.get(), EVP_sha256());
  const auto verdict = base::check_tls_pair(chain, key_pem(long_key.get()));
  ASSERT_FALSE(verdict);
  EXPECT_THAT(verdict.error().message, HasSubstr("RSA key has 4104 bits"));
  EXPECT_FALSE(parse_certificate({chain, key_pem(long_key.get())}));
}

std::string der_of(const BIGNUM* number) {
  ASN1_INTEGER* const integer = BN_to_ASN1_INTEGER(number, nullptr);
  unsigned char* bytes = nullptr;
  const int size = i2d_ASN1_INTEGER(integer, &bytes);
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  ASN1_INTEGER_free(integer);
  return der;
}

std::string der_of_number_of(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  std::string der = der_of(number);
  BN_clear_free(number);
  return der;
}

// The modulus and public exponent of the one, and the private parts of the other (RFC 8017 §A.1.2):
// by hand, since not every OpenSSL makes such a key.
std::string mixed_rsa_pem(const EVP_PKEY* key, const EVP_PKEY* other) {
  BIGNUM* const version = BN_new();  // 0
  std::string numbers = der_of(version);
  BN_free(version);
  for (const char* name : {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E}) {
    numbers += der_of_number_of(key, name);
  }
  for (const char* name : {OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_FACTOR1,
                           OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_EXPONENT1,
                           OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1}) {
    numbers += der_of_number_of(other, name);
  }
  const int size = static_cast<int>(numbers.size());
  const int in_all = ASN1_object_size(1, size, V_ASN1_SEQUENCE);
  std::vector<unsigned char> der(static_cast<std::size_t>(in_all));
  unsigned char* at = der.data();
  ASN1_put_object(&at, 1, size, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
  std::copy(numbers.begin(), numbers.end(), at);
  return pem_of([&](BIO* bio) { PEM_write_bio(bio, PEM_STRING_RSA, "", der.data(), in_all); });
}

bool can_be_read(const std::string& pem) {
  const base::BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const base::EvpPkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return key != nullptr;
}

// The same modulus and public exponent, so it belongs to the certificate; its exponents are the
// private ones of a key that is far longer.
TEST(ServableCertificates, AKeyWithPartsThatAreLongerThanItsModulusIsRefused) {
  const auto key = rsa_key(2048), longer = rsa_key(3072);
  const std::string chain = certificate("a.test", key.get(), "a.test", key.get(), EVP_sha256());
  ASSERT_TRUE(base::check_tls_pair(chain, mixed_rsa_pem(key.get(), key.get())));
  const std::string mixed = mixed_rsa_pem(key.get(), longer.get());
  // Where the library takes it for no key at all that is what is said.
  const std::string problem = can_be_read(mixed) ? "parts that no key of its size has" : "";
  const auto verdict = base::check_tls_pair(chain, mixed);
  ASSERT_FALSE(verdict);
  EXPECT_THAT(verdict.error().message, HasSubstr(problem));
  const auto parsed = parse_certificate({chain, mixed});
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().message, HasSubstr(problem));
}

TEST(ServableCertificates, SignaturesAreJudgedAlongTheChain) {
  const auto root = ec_key("P-256"), middle = ec_key("P-256"), leaf = ec_key("P-256");
  const auto weak = rsa_key(1024);
  const auto leaf_by = [&](EVP_PKEY* signer, const EVP_MD* digest) {
    return certificate("a.test", leaf.get(), "middle", signer, digest);
  };
  const auto middle_by = [&](EVP_PKEY* key, const EVP_MD* digest) {
    return certificate("middle", key, "root", root.get(), digest);
  };
  const std::string good_leaf = leaf_by(middle.get(), EVP_sha256());
  struct {
    const char* name;
    std::string chain, problem;
  } cases[] = {
      {"good", good_leaf + middle_by(middle.get(), EVP_sha256()), ""},
      {"leaf signed by SHA-1", leaf_by(middle.get(), EVP_sha1()),
       "the certificate cannot be served: its signature is by SHA1"},
      {"leaf signed by MD5", leaf_by(rsa_key(2048).get(), EVP_md5()),
       "the certificate cannot be served: its signature is by MD5"},
      {"intermediate signed by SHA-1", good_leaf + middle_by(middle.get(), EVP_sha1()),
       "certificate 2 of the chain cannot be served: its signature is by SHA1"},
      {"intermediate with a weak key",
       leaf_by(weak.get(), EVP_sha256()) + middle_by(weak.get(), EVP_sha256()),
       "certificate 2 of the chain cannot be served: its RSA key has 1024 bits"},
      {"root that signed itself by SHA-1",
       good_leaf + middle_by(middle.get(), EVP_sha256()) +
           certificate("root", root.get(), "root", root.get(), EVP_sha1()),
       ""},
  };
  const std::string key = key_pem(leaf.get());
  // A server of OpenSSL 3.5 leaves signatures to its client, and then the rule is the stricter one.
  const bool server_judges_signatures =
      !is_served(leaf_by(middle.get(), EVP_sha1()), key, TLS1_3_VERSION);
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto verdict = base::check_tls_pair(c.chain, key);
    EXPECT_THAT(verdict ? "" : verdict.error().message, HasSubstr(c.problem));
    EXPECT_EQ(verdict.has_value(), c.problem.empty());
    const bool is_of_signature = c.problem.find("its signature") != std::string::npos;
    if (is_of_signature && !server_judges_signatures) continue;
    EXPECT_EQ(verdict.has_value(), is_served(c.chain, key, TLS1_3_VERSION));
  }
}

}  // namespace
}  // namespace proxy::tls
