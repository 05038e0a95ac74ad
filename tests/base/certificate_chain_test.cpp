#include "base/certificate_chain.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "base/certificate_facts.h"
#include "base/pem.h"
#include "base/tls_certificate_rules.h"
#include "base/untold_issuer.h"

namespace base {
namespace {

struct Authority {
  PrivateKey key = PrivateKey::generate({}).value();
  std::string pem = make_self_signed(key, {{"An authority", {}, {}}, true}).value();
};

std::string leaf_of(const Authority& authority, const PrivateKey& key) {
  return sign_leaf(key, {{"", {"a.test"}, {}}}, authority.pem, authority.key).value();
}

std::string traditional(const PrivateKey& key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey_traditional(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return read_memory_bio(bio.get());
}

// On P-521, too, which is read and never made.
PrivateKey new_key(const KeySpec& spec) {
  constexpr int kReadOnlyBits = 521;
  if (spec.bits != kReadOnlyBits) return PrivateKey::generate(spec).value();
  const EvpPkeyPtr key(EVP_EC_gen("P-521"));
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return PrivateKey::from_pem(read_memory_bio(bio.get())).value();
}

TEST(CertificateChain, SaysWhatItsPartsSayEachForItself) {
  const Authority authority;
  const PrivateKey key = PrivateKey::generate({}).value();
  const std::string leaf = leaf_of(authority, key);
  for (const std::string& pem : {leaf, leaf + authority.pem, "# words\n" + authority.pem + leaf}) {
    const auto chain = CertificateChain::read(pem);
    ASSERT_TRUE(chain) << chain.error().message;
    const auto all = read_chain(pem).value();
    EXPECT_EQ(chain->size(), all.size());
    EXPECT_EQ(chain->leaf().fingerprint_sha256, all.front().fingerprint_sha256);
    EXPECT_EQ(chain->leaf().not_after, all.front().not_after);
    EXPECT_EQ(chain->leaf().key_algorithm, "ECDSA");
    EXPECT_EQ(chain->view().public_key_sha256, view_certificate(pem)->public_key_sha256);
    EXPECT_EQ(chain->untold_issuer(""), untold_issuer(pem, "").value_or(""));
    EXPECT_EQ(chain->untold_issuer(authority.pem), untold_issuer(pem, authority.pem).value_or(""));
  }
  EXPECT_EQ(CertificateChain::read("# words\n" + leaf)->pem(), leaf);
}

TEST(CertificateChain, FailsAsAChainThatIsReadFails) {
  const Authority authority;
  const std::string der = read_pem(authority.pem)->front().der;
  const std::string texts[] = {
      "",
      "no PEM",
      authority.pem + write_pem({"CERTIFICATE", "junk"}),
      authority.pem + write_pem({"CERTIFICATE", der.substr(0, der.size() / 2)}),
      write_pem({"CERTIFICATE", der + "x"}),
      authority.pem + "-----BEGIN CERTIFICATE-----\n",
  };
  for (const std::string& text : texts) {
    const auto chain = CertificateChain::read(text);
    const auto known = read_chain(text);
    ASSERT_FALSE(chain) << text;
    ASSERT_FALSE(known) << text;
    EXPECT_EQ(chain.error().message, known.error().message);
  }
}

TEST(CertificateChain, TakesEveryKindOfKeyThatIsTheLeafsAndNoOther) {
  const Authority authority;
  const KeySpec specs[] = {
      {}, {KeyAlgorithm::ecdsa, 384}, {KeyAlgorithm::ecdsa, 521}, {KeyAlgorithm::rsa, 2048}};
  for (const KeySpec& spec : specs) {
    const PrivateKey key = new_key(spec);
    const PrivateKey other = new_key(spec);
    const std::string leaf = leaf_of(authority, key);
    const auto chain = CertificateChain::read(leaf + authority.pem).value();
    EXPECT_TRUE(chain.check_tls());
    for (const std::string& text :
         {key.to_pem(), "# words\n" + key.to_pem() + "more", traditional(key)}) {
      const auto read = chain.read_key(text);
      ASSERT_TRUE(read) << read.error().message;
      EXPECT_EQ(read->spec, spec);
      EXPECT_EQ(read->pem, key.to_pem()) << "as OpenSSL writes it";
    }
    for (const std::string& text : {other.to_pem(), traditional(other), std::string("no key"),
                                    std::string(), authority.key.to_pem()}) {
      const auto read = chain.read_key(text);
      const auto known = check_key_pair(leaf, text);
      ASSERT_FALSE(read) << text;
      ASSERT_FALSE(known) << text;
      EXPECT_EQ(read.error().message, known.error().message);
    }
  }
}

// By the name of a digest of OpenSSL's, in place of the signature that it has.
std::string signed_by(const std::string& pem, const PrivateKey& key, const char* digest) {
  const X509Ptr certificate = std::move(*parse_first_certificate(pem));
  EXPECT_NE(X509_sign(certificate.get(), key.get(), EVP_get_digestbyname(digest)), 0);
  const BioPtr bio(BIO_new(BIO_s_mem()));
  EXPECT_EQ(PEM_write_bio_X509(bio.get(), certificate.get()), 1);
  return read_memory_bio(bio.get());
}

// The last byte of its key is another one: a point that is not on the curve.
std::string with_broken_key(const std::string& pem) {
  const X509Ptr certificate = std::move(*parse_first_certificate(pem));
  const ASN1_BIT_STRING* const bits = X509_get0_pubkey_bitstr(certificate.get());
  const std::string point(reinterpret_cast<const char*>(ASN1_STRING_get0_data(bits)),
                          static_cast<std::size_t>(ASN1_STRING_length(bits)));
  std::string der = read_pem(pem)->front().der;
  char& last = der.at(der.find(point) + point.size() - 1);
  last = static_cast<char>(last ^ 1);
  return write_pem({"CERTIFICATE", der});
}

TEST(CertificateChain, SaysOfALeafThatIsParsedWithoutItsKeyWhatOneWithItSays) {
  const Authority authority;
  const Authority namesake;  // of the same name, with another key
  const PrivateKey rsa = PrivateKey::generate({KeyAlgorithm::rsa, 2048}).value();
  const std::string rsa_authority = make_self_signed(rsa, {{"An authority", {}, {}}, true}).value();
  for (const KeySpec& spec : {KeySpec{}, KeySpec{KeyAlgorithm::ecdsa, 384}}) {
    const PrivateKey key = PrivateKey::generate(spec).value();
    const std::string leaf = leaf_of(authority, key);
    const std::string texts[] = {leaf,
                                 leaf + authority.pem,
                                 leaf + namesake.pem,
                                 leaf + rsa_authority,
                                 leaf + leaf,
                                 make_self_signed(key, {{"itself", {"a.test"}, {}}}).value(),
                                 signed_by(leaf, authority.key, "SHA1") + authority.pem,
                                 signed_by(leaf, authority.key, "SHA384") + authority.pem,
                                 signed_by(leaf, rsa, "SHA256") + authority.pem,
                                 signed_by(leaf, rsa, "SHA256") + rsa_authority,
                                 with_broken_key(leaf) + authority.pem};
    for (const std::string& pem : texts) {
      const auto chain = CertificateChain::read(pem).value();
      const CertificateInfo said = chain.leaf();
      const CertificateInfo known = read_chain(pem)->front();
      EXPECT_EQ(said.dns_names, known.dns_names);
      EXPECT_EQ(said.subject_common_name, known.subject_common_name);
      EXPECT_EQ(said.issuer, known.issuer);
      EXPECT_EQ(said.serial_bytes, known.serial_bytes);
      EXPECT_EQ(said.authority_key_id, known.authority_key_id);
      EXPECT_EQ(said.key_algorithm, known.key_algorithm);
      EXPECT_EQ(said.key_bits, known.key_bits);
      EXPECT_EQ(said.not_before, known.not_before);
      EXPECT_EQ(said.not_after, known.not_after);
      EXPECT_EQ(chain.view().subject, view_certificate(pem)->subject);
      EXPECT_EQ(chain.untold_issuer(""), untold_issuer(pem, "").value_or("")) << pem;
      EXPECT_EQ(chain.untold_issuer(authority.pem), untold_issuer(pem, authority.pem).value_or(""))
          << pem;
      std::vector<X509Ptr> whole;
      std::vector<X509*> all;
      const std::vector<PemBlock> blocks = read_pem(pem).value();
      for (const PemBlock& block : blocks) {
        whole.push_back(std::move(*parse_certificate(block.der, whole.size())));
        all.push_back(whole.back().get());
      }
      const Status servable = check_tls_chain(all);
      const Status judged = chain.check_tls();
      ASSERT_EQ(judged.has_value(), servable.has_value()) << pem;
      if (!servable) {
        EXPECT_EQ(judged.error().message, servable.error().message);
      }
    }
  }
}

TEST(CertificateChain, ParsesWhatStandsBehindLeavesOnceForManyOfThem) {
  const Authority authority;
  std::vector<std::string> chains;
  for (int i = 0; i < 20; ++i) {
    chains.push_back(leaf_of(authority, PrivateKey::generate({}).value()) + authority.pem);
  }
  const std::size_t before = parsed_certificates();
  for (const std::string& chain : chains) {
    const auto read = CertificateChain::read(chain);
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->check_tls());
    EXPECT_EQ(read->untold_issuer(""), "");
  }
  EXPECT_EQ(parsed_certificates() - before, chains.size() + 1);
}

}  // namespace
}  // namespace base
