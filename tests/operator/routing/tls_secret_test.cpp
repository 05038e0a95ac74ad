#include "operator/routing/tls_secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "base/key.h"
#include "base/openssl.h"

namespace routing {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Pair {
  std::string chain;
  std::string key;
};

Pair a_pair(const std::string& host) {
  const auto key = base::PrivateKey::generate({});
  base::SelfSignedOptions options;
  options.names.dns_names = {host};
  return {base::make_self_signed(*key, options).value(), key->to_pem()};
}

kube::Secret a_secret(const std::string& chain, const std::string& key) {
  kube::Secret secret;
  secret.metadata.uid = "uid";
  secret.metadata.resource_version = "1";
  secret.data["tls.crt"] = chain;
  secret.data["tls.key"] = key;
  return secret;
}

TEST(ReadTlsSecret, AMatchingPairIsUsable) {
  const Pair pair = a_pair("a.example");
  const TlsSecret secret = read_tls_secret(a_secret(pair.chain, pair.key));
  ASSERT_EQ(secret.state, TlsSecret::State::usable) << secret.problem;
  EXPECT_TRUE(base::covers_host(*secret.leaf, "a.example"));
  EXPECT_TRUE(
      base::check_key_pair(secret.material->chain_pem.text(), secret.material->key_pem.text()));
}

// There are tens of thousands.
TEST(ReadTlsSecret, KeepsOfACertificateWhatIsAskedOfItHere) {
  EXPECT_LE(sizeof(TlsSecret), 192U);
}

TEST(ReadTlsSecret, OnlyTheBlocksThatAreNeededGoOn) {
  const Pair pair = a_pair("a.example");
  const TlsSecret secret =
      read_tls_secret(a_secret("# caf\xc3\xa9\n" + pair.key + pair.chain, "comment\n" + pair.key));
  ASSERT_EQ(secret.state, TlsSecret::State::usable) << secret.problem;
  EXPECT_THAT(secret.material->chain_pem.text(), Not(HasSubstr("PRIVATE KEY")));
  EXPECT_THAT(secret.material->chain_pem.text(),
              Not(HasSubstr("caf\xc3")));  // "caf" is base64, too
  EXPECT_THAT(secret.material->key_pem.text(), Not(HasSubstr("comment")));
}

TEST(ReadTlsSecret, AChainThatClientsRefuseForItsSizeIsBroken) {
  const Pair pair = a_pair("a.example");
  std::string chain;
  while (chain.size() <= 256u << 10) chain += pair.chain;
  const TlsSecret secret = read_tls_secret(a_secret(chain, pair.key));
  EXPECT_EQ(secret.state, TlsSecret::State::broken);
  EXPECT_EQ(secret.problem, "tls.crt is larger than 256 KiB, which clients refuse");
}

TEST(ReadTlsSecret, AChainWithoutItsIntermediateNamesTheIssuerThatNobodyTells) {
  const auto authority_key = base::PrivateKey::generate({});
  base::SelfSignedOptions authority_options;
  authority_options.names.common_name = "Middle R3";
  authority_options.names.dns_names = {"middle.example"};
  authority_options.is_ca = true;
  const std::string authority = base::make_self_signed(*authority_key, authority_options).value();
  const auto key = base::PrivateKey::generate({});
  base::SelfSignedOptions options;
  options.names.dns_names = {"a.example"};
  const std::string leaf = base::sign_leaf(*key, options, authority, *authority_key).value();

  const TlsSecret alone = read_tls_secret(a_secret(leaf, key->to_pem()));
  EXPECT_EQ(alone.state, TlsSecret::State::usable) << alone.problem;
  EXPECT_THAT(alone.untold_issuer, HasSubstr("Middle R3"));
  EXPECT_EQ(read_tls_secret(a_secret(leaf + authority, key->to_pem())).untold_issuer, "");
  EXPECT_EQ(read_tls_secret(a_secret(leaf + a_pair("x.example").chain + authority, key->to_pem()))
                .untold_issuer,
            "")
      << "in whatever order";
  kube::Secret with_authority = a_secret(leaf, key->to_pem());
  with_authority.data["ca.crt"] = authority;
  EXPECT_EQ(read_tls_secret(with_authority).untold_issuer, "");
  const Pair self_signed = a_pair("a.example");
  EXPECT_EQ(read_tls_secret(a_secret(self_signed.chain, self_signed.key)).untold_issuer, "");
}

TEST(ReadTlsSecret, AuthoritiesAreReadWhateverElseIsInIt) {
  const Pair authority = a_pair("ca.example");
  kube::Secret secret = a_secret("", "");
  secret.data["ca.crt"] = "# ours\n" + authority.chain;
  EXPECT_EQ(read_tls_secret(secret).state, TlsSecret::State::empty);
  EXPECT_THAT(read_tls_secret(secret).authorities_pem, HasSubstr("BEGIN CERTIFICATE"));
  secret.data["ca.crt"] = "no certificate";
  EXPECT_EQ(read_tls_secret(secret).authorities_pem, "");
}

TEST(ReadTlsSecret, ACertificateThatHandshakesWouldFailWithIsBroken) {
  const base::EvpPkeyPtr weak(EVP_RSA_gen(1024));
  const base::X509Ptr certificate(X509_new());
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), weak.get());
  X509_sign(certificate.get(), weak.get(), EVP_sha256());
  const auto pem_of = [](const auto& write) {
    const base::BioPtr bio(BIO_new(BIO_s_mem()));
    write(bio.get());
    return base::read_memory_bio(bio.get());
  };
  const TlsSecret secret = read_tls_secret(a_secret(
      pem_of([&](BIO* bio) { PEM_write_bio_X509(bio, certificate.get()); }), pem_of([&](BIO* bio) {
        PEM_write_bio_PrivateKey(bio, weak.get(), nullptr, nullptr, 0, nullptr, nullptr);
      })));
  EXPECT_EQ(secret.state, TlsSecret::State::broken);
  EXPECT_EQ(secret.problem,
            "tls.crt: the certificate cannot be served: its RSA key has 1024 bits, which TLS takes "
            "for too weak (RSA needs 2048)");
}

TEST(ReadTlsSecret, SaysWhatIsWrong) {
  const Pair pair = a_pair("a.example");
  const Pair other = a_pair("a.example");
  EXPECT_EQ(read_tls_secret(a_secret("", "")).state, TlsSecret::State::empty);
  const std::tuple<std::string, std::string, const char*> cases[] = {
      {"", pair.key, "tls.crt is empty"},
      {pair.chain, "", "tls.key is empty"},
      {"not PEM", pair.key, "tls.crt cannot be read"},
      {pair.chain, other.key, "do not make a pair"},
      {pair.chain, "not PEM", "tls.key"},
  };
  for (const auto& [chain, key, problem] : cases) {
    const TlsSecret secret = read_tls_secret(a_secret(chain, key));
    EXPECT_EQ(secret.state, TlsSecret::State::broken);
    EXPECT_THAT(secret.problem, HasSubstr(problem));
    EXPECT_EQ(secret.material, nullptr);
  }
}

TEST(SharedSecrets, HoldTheirPairWhereWhatWasReadOfThemDoes) {
  const Pair pair = a_pair("a.example");
  kube::Secret secret = a_secret(pair.chain, pair.key);
  secret.data["ca.crt"] = "ours";
  const auto read = std::make_shared<const TlsSecret>(read_tls_secret(secret));
  const auto twin = sharing_with(read, secret);
  ASSERT_NE(twin, nullptr);
  EXPECT_EQ(twin->data, secret.data);
  EXPECT_EQ(twin->metadata.resource_version, secret.metadata.resource_version);
  EXPECT_EQ(twin->value("tls.crt"), pair.chain);
  EXPECT_EQ(twin->value("tls.key"), pair.key);
  EXPECT_TRUE(twin->data.at("tls.crt").pem().shares_with(read->material->chain_pem));
  EXPECT_TRUE(twin->data.at("tls.key").pem().shares_with(read->material->key_pem));
  EXPECT_EQ(read->material->chain_pem.held_text(), nullptr) << "it is held in less room";
  EXPECT_EQ(read->material->key_pem.held_text(), nullptr);
  EXPECT_EQ(sharing_with(read, *twin), nullptr) << "it does so already";
}

TEST(SharedSecrets, StayAsTheyAreWhereTheirPairIsWrittenInAnotherWay) {
  const Pair pair = a_pair("a.example");
  const kube::Secret commented = a_secret("# words\n" + pair.chain, "# words\n" + pair.key);
  const auto read = std::make_shared<const TlsSecret>(read_tls_secret(commented));
  EXPECT_EQ(sharing_with(read, commented), nullptr);
  const kube::Secret broken = a_secret("broken", pair.key);
  EXPECT_EQ(sharing_with(std::make_shared<const TlsSecret>(read_tls_secret(broken)), broken),
            nullptr);
}

TEST(TlsSecretCache, ReadsEachContentOnceWhileSomebodyHoldsIt) {
  const Pair pair = a_pair("a.example");
  kube::Secret secret = a_secret(pair.chain, pair.key);
  TlsSecretCache cache;
  const auto first = cache.read(secret);
  secret.metadata.resource_version = "2";
  secret.metadata.uid = "another";
  secret.metadata.annotations["note"] = "of somebody";
  EXPECT_EQ(cache.read(secret), first);
  EXPECT_EQ(cache.readings(), 1U);
  secret.data["tls.key"] = a_pair("a.example").key;
  EXPECT_NE(cache.read(secret), first);
  EXPECT_EQ(cache.readings(), 2U);
}

TEST(TlsSecretCache, AByteThatMovesFromCertificateToKeyIsAnotherContent) {
  TlsSecretCache cache;
  const auto first = cache.read(a_secret("", "a"));
  EXPECT_NE(cache.read(a_secret("a", "")), first);
}

TEST(TlsSecretCache, OtherAuthoritiesBesideTheSamePairAreAnotherContent) {
  TlsSecretCache cache;
  kube::Secret secret = a_secret("", "");
  secret.data["ca.crt"] = a_pair("ours.example").chain;
  const auto ours = cache.read(secret);
  secret.data["ca.crt"] = a_pair("theirs.example").chain;
  const auto theirs = cache.read(secret);
  EXPECT_NE(theirs->authorities_pem, ours->authorities_pem);
  EXPECT_EQ(cache.read(a_secret("", ""))->authorities_pem, "");
}

TEST(TlsSecretCache, OfWhatNobodyHoldsALittleIsKept) {
  TlsSecretCache cache;
  const auto held = cache.read(a_secret("", "held"));
  for (int content = 0; content < 1000; ++content)
    cache.read(a_secret("", std::to_string(content)));
  EXPECT_LE(cache.size(), 70U);
  EXPECT_EQ(cache.read(a_secret("", "held")), held);
}

TEST(TlsSecretCache, WhatComesBackAfterItWasLetGoIsReadAnewAndKnownAgain) {
  TlsSecretCache cache;
  const kube::Secret secret = a_secret("", "a");
  cache.read(secret);
  EXPECT_EQ(cache.readings(), 1U);
  const auto again = cache.read(secret);
  EXPECT_EQ(cache.readings(), 2U);
  EXPECT_EQ(cache.read(secret), again);
  EXPECT_EQ(cache.readings(), 2U);
  EXPECT_EQ(cache.size(), 1U);
}

TEST(TlsSecretCache, OfManyThatAreHeldEachIsKnown) {
  TlsSecretCache cache;
  std::vector<std::shared_ptr<const TlsSecret>> held;
  for (int content = 0; content < 1000; ++content) {
    held.push_back(cache.read(a_secret("", std::to_string(content))));
  }
  for (int content = 0; content < 1000; ++content) {
    EXPECT_EQ(cache.read(a_secret("", std::to_string(content))),
              held[static_cast<std::size_t>(content)]);
  }
  EXPECT_EQ(cache.readings(), 1000U);
  EXPECT_EQ(cache.size(), 1000U);
}

}  // namespace
}  // namespace routing
