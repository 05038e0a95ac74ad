#include "base/key.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "base/openssl.h"
#include "base/time_text.h"
#include "base/x509.h"

namespace base {
namespace {

PrivateKey new_key(KeySpec spec = {}) {
  return PrivateKey::generate(spec).value();
}

TEST(PrivateKey, KeepsItsSpecThroughPem) {
  for (const KeySpec spec : {KeySpec{KeyAlgorithm::ecdsa, 256}, KeySpec{KeyAlgorithm::ecdsa, 384},
                             KeySpec{KeyAlgorithm::rsa, 2048}}) {
    const PrivateKey key = new_key(spec);
    EXPECT_EQ(key.spec(), spec);
    const std::string pem = key.to_pem();
    EXPECT_TRUE(pem.starts_with("-----BEGIN PRIVATE KEY-----\n")) << "PKCS#8";
    const auto again = PrivateKey::from_pem(pem);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(EVP_PKEY_eq(key.get(), again->get()), 1);
  }
}

TEST(PrivateKey, RefusesSizesThatNoCaTakes) {
  for (const KeySpec spec : {KeySpec{KeyAlgorithm::ecdsa, 521}, KeySpec{KeyAlgorithm::rsa, 1024}}) {
    const auto key = PrivateKey::generate(spec);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().kind, ErrorKind::invalid);
  }
}

TEST(PrivateKey, RefusesGarbageAndEncryptedKeysWithoutAskingForAPassword) {
  const PrivateKey key = new_key();
  const BioPtr bio(BIO_new(BIO_s_mem()));
  unsigned char password[] = "secret";
  PEM_write_bio_PrivateKey(bio.get(), key.get(), EVP_aes_256_cbc(), password, 6, nullptr, nullptr);
  const std::string encrypted = read_memory_bio(bio.get());
  for (const std::string& pem :
       {std::string(), std::string("garbage"), encrypted, std::string(1u << 20, 'x')}) {
    const auto read = PrivateKey::from_pem(pem);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, ErrorKind::invalid);
  }
}

TEST(Csr, CarriesDnsNamesAndAddressesAndIsSigned) {
  const PrivateKey key = new_key();
  const auto der =
      make_csr(key, {"", {"a.example.test", "*.b.test"}, {"192.0.2.1", "2001:db8::1"}});
  ASSERT_TRUE(der) << der.error().message;
  const auto* bytes = reinterpret_cast<const unsigned char*>(der->data());
  const X509ReqPtr request(d2i_X509_REQ(nullptr, &bytes, static_cast<long>(der->size())));
  ASSERT_TRUE(request);
  EXPECT_EQ(X509_REQ_verify(request.get(), key.get()), 1);
  EXPECT_EQ(X509_NAME_entry_count(X509_REQ_get_subject_name(request.get())), 0);

  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request.get());
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr)));
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  ASSERT_TRUE(names);
  ASSERT_EQ(sk_GENERAL_NAME_num(names.get()), 4);
  EXPECT_EQ(sk_GENERAL_NAME_value(names.get(), 0)->type, GEN_DNS);
  const GENERAL_NAME* const last = sk_GENERAL_NAME_value(names.get(), 3);
  EXPECT_EQ(last->type, GEN_IPADD);
  EXPECT_EQ(ASN1_STRING_length(last->d.iPAddress), 16);
}

TEST(Csr, HasACommonNameOnlyWhenAsked) {
  const auto der = make_csr(new_key(), {"a.example.test", {"a.example.test"}, {}});
  ASSERT_TRUE(der);
  const auto* bytes = reinterpret_cast<const unsigned char*>(der->data());
  const X509ReqPtr request(d2i_X509_REQ(nullptr, &bytes, static_cast<long>(der->size())));
  EXPECT_EQ(X509_NAME_entry_count(X509_REQ_get_subject_name(request.get())), 1);
}

TEST(Csr, RefusesNamesThatAreNone) {
  const PrivateKey key = new_key();
  EXPECT_FALSE(make_csr(key, {}));
  EXPECT_FALSE(make_csr(key, {"", {"a b"}, {}}));
  EXPECT_FALSE(make_csr(key, {"", {""}, {}}));
  EXPECT_FALSE(make_csr(key, {"", {"a.test,DNS:b.test"}, {}}));
  EXPECT_FALSE(make_csr(key, {"", {}, {"1.2.3"}}));
  EXPECT_FALSE(make_csr(key, {"", std::vector<std::string>(1001, "a.test"), {}}));
}

TEST(CertificateSigning, ALeafVerifiesAgainstItsCa) {
  const PrivateKey ca_key = new_key(), leaf_key = new_key({KeyAlgorithm::rsa, 2048});
  const auto ca_pem = make_self_signed(ca_key, {{"Test CA", {}, {}}, true});
  ASSERT_TRUE(ca_pem) << ca_pem.error().message;
  const auto leaf_pem = sign_leaf(leaf_key, {{"", {"a.test"}, {"127.0.0.1"}}}, *ca_pem, ca_key);
  ASSERT_TRUE(leaf_pem) << leaf_pem.error().message;

  const auto ca = parse_first_certificate(*ca_pem), leaf = parse_first_certificate(*leaf_pem);
  ASSERT_TRUE(ca && leaf);
  const OpensslPtr<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), ca->get());
  const OpensslPtr<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), leaf->get(), nullptr);
  X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context.get()), X509_V_FLAG_X509_STRICT);
  EXPECT_EQ(X509_verify_cert(context.get()), 1)
      << X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
}

TEST(CertificateSigning, CountsFromTheTimeThatIsGiven) {
  SelfSignedOptions options{{"Test CA", {}, {}}, true};
  options.now = from_rfc3339("2026-01-01T12:00:00Z");
  options.lifetime = std::chrono::hours(48);
  const auto info = read_chain(make_self_signed(new_key(), options).value()).value().front();
  EXPECT_EQ(to_rfc3339(info.not_before), "2026-01-01T11:00:00Z");
  EXPECT_EQ(to_rfc3339(info.not_after), "2026-01-03T12:00:00Z");
}

TEST(CertificateSigning, RefusesACaThatIsNotACertificate) {
  const PrivateKey key = new_key();
  const auto leaf = sign_leaf(key, {{"", {"a.test"}, {}}}, key.to_pem(), key);
  ASSERT_FALSE(leaf);
  EXPECT_TRUE(leaf.error().message.starts_with("reading the CA: ")) << leaf.error().message;
}

}  // namespace
}  // namespace base
