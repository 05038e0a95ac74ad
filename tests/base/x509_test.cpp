#include "base/x509.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/key.h"
#include "base/pem.h"
#include "base/time_text.h"

namespace base {
namespace {

using namespace std::chrono_literals;

struct Pair {
  PrivateKey key;
  std::string pem;
};

Pair self_signed(const CsrNames& names, KeySpec spec = {}) {
  auto key = PrivateKey::generate(spec).value();
  auto pem = make_self_signed(key, {names}).value();
  return {std::move(key), std::move(pem)};
}

TEST(X509, SaysWhatAClientWouldSee) {
  const Pair pair = self_signed({"WWW", {"WWW.Example.test", "*.a.test"}, {"::1", "127.0.0.1"}});
  const auto chain = read_chain(pair.pem);
  ASSERT_TRUE(chain) << chain.error().message;
  ASSERT_EQ(chain->size(), 1u);
  const CertificateInfo& info = chain->front();
  EXPECT_EQ(info.subject_common_name, "WWW");
  EXPECT_EQ(info.issuer, "CN=WWW");
  EXPECT_EQ(info.dns_names, (std::vector<std::string>{"*.a.test", "www.example.test"}));
  EXPECT_EQ(info.ip_addresses, (std::vector<std::string>{"127.0.0.1", "::1"}));
  EXPECT_EQ(info.key_algorithm, "ECDSA");
  EXPECT_EQ(info.key_bits, 256);
  EXPECT_EQ(info.serial_bytes.size(), 16u);
  EXPECT_EQ(info.serial, hex_pairs(info.serial_bytes));
  EXPECT_EQ(info.authority_key_id.size(), 20u);
  EXPECT_EQ(info.fingerprint_sha256, hex_pairs(sha256(read_pem(pair.pem)->front().der)));
  EXPECT_EQ(info.not_after - info.not_before, 24h * 365 + 1h);
}

TEST(X509, TheFingerprintOfALeafIsKnownWithoutParsingIt) {
  const Pair pair = self_signed({"www", {}, {}});
  const Pair next = self_signed({"next", {}, {}});
  const auto info = read_chain(pair.pem);
  EXPECT_EQ(leaf_fingerprint("text\n" + pair.pem + next.pem).value(),
            info->front().fingerprint_sha256);
  EXPECT_EQ(leaf_fingerprint(pair.key.to_pem() + pair.pem).value(),
            info->front().fingerprint_sha256);
  EXPECT_FALSE(leaf_fingerprint(pair.key.to_pem()));
  EXPECT_FALSE(leaf_fingerprint("-----BEGIN CERTIFICATE-----\n"));
}

TEST(X509, NamesTheKeyAlgorithm) {
  const auto rsa = read_chain(self_signed({"a", {}, {}}, {KeyAlgorithm::rsa, 2048}).pem);
  EXPECT_EQ(rsa->front().key_algorithm, "RSA");
  EXPECT_EQ(rsa->front().key_bits, 2048);
}

// The serial of the example in RFC 9773 §4.1 begins with 00, and certID keeps it.
TEST(X509, TheSerialLosesItsSignByteOnlyInText) {
  EXPECT_EQ(serial_text(std::string("\x00\x87\x65\x43\x21", 5)), "87:65:43:21");
  EXPECT_EQ(serial_text(std::string("\x04\xab", 2)), "04:ab");
  EXPECT_EQ(serial_text(std::string("\x00", 1)), "00");
}

TEST(X509, ALongSerialIsCutInText) {
  EXPECT_EQ(serial_text(std::string(64, '\xab')).size(), 64u * 3 - 1);
  EXPECT_EQ(serial_text(std::string(65, '\xab')), serial_text(std::string(64, '\xab')) + "...");
  EXPECT_LT(serial_text(std::string(100'000, '\xab')).size(), 256u) << "what status has room for";
}

// Valid from 1600 to the end of the year 9999, which stands for "no end" (RFC 5280 §4.1.2.5).
constexpr const char* kForEver =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBZzCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBB3d3cuc2hv\n"
    "cC5leGFtcGxlMCIYDzE2MDAwMTAxMDAwMDAwWhgPOTk5OTEyMzEyMzU5NTlaMBsx\n"
    "GTAXBgNVBAMMEHd3dy5zaG9wLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMB\n"
    "BwNCAASYkC3+Kzi0MK0r4Xs7mQcmIxs5vYz5dTCxJnbJQq1rfFj3ZFGNYW0MZ2C0\n"
    "H1o3GKR2KaGdySH7tyq4LTh+yXmzoz4wPDAbBgNVHREEFDASghB3d3cuc2hvcC5l\n"
    "eGFtcGxlMB0GA1UdDgQWBBRj9jrvjI0MlXPYKf0zCU/Pu9Iv8TAKBggqhkjOPQQD\n"
    "AgNIADBFAiEA7q0jS/kt4hq/T0nXL3CZ2PHyPMIO8jz4Q8xM8jLVcv8CIBalfdEg\n"
    "OvPtsfLWr2mU0v8cJz08Sji/ZjkjHmakyQgw\n"
    "-----END CERTIFICATE-----\n";

TEST(X509, FarTimesAreHeldWhereTheyCanBeReckonedWith) {
  const auto chain = read_chain(kForEver);
  ASSERT_TRUE(chain) << chain.error().message;
  EXPECT_EQ(chain->front().not_before, kEarliestTime);
  EXPECT_EQ(chain->front().not_after, kLatestTime);
  EXPECT_GT(chain->front().not_after - chain->front().not_before, 24h * 365 * 200);
  EXPECT_EQ(from_rfc3339(to_rfc3339(chain->front().not_after)), kLatestTime)
      << "what is written into status is read back";
}

TEST(X509, KeepsTheOrderOfAChainAndSkipsOtherBlocks) {
  const Pair first = self_signed({"first", {}, {}}), second = self_signed({"second", {}, {}});
  const auto chain = read_chain(first.pem + first.key.to_pem() + second.pem);
  ASSERT_TRUE(chain) << chain.error().message;
  ASSERT_EQ(chain->size(), 2u);
  EXPECT_EQ((*chain)[0].subject_common_name, "first");
  EXPECT_EQ((*chain)[1].subject_common_name, "second");
}

TEST(X509, SaysWhichCertificateIsBroken) {
  const std::string good = self_signed({"good", {}, {}}).pem;
  std::string der = read_pem(good)->front().der;
  struct Case {
    std::string pem, why;
  };
  const std::vector<Case> cases = {
      {"", "there is no CERTIFICATE block"},
      {good + write_pem({"CERTIFICATE", "junk"}), "certificate 2 of the chain is not valid X.509"},
      {good + write_pem({"CERTIFICATE", der.substr(0, der.size() / 2)}), "certificate 2"},
      {write_pem({"CERTIFICATE", der + "x"}), "certificate 1 of the chain has bytes after its end"},
  };
  for (const Case& c : cases) {
    const auto chain = read_chain(c.pem);
    ASSERT_FALSE(chain) << c.why;
    EXPECT_EQ(chain.error().kind, ErrorKind::invalid);
    EXPECT_NE(chain.error().message.find(c.why), std::string::npos) << chain.error().message;
  }
}

TEST(X509, RefusesAChainLongerThanAnyReal) {
  const std::string one = self_signed({"a", {}, {}}).pem;
  std::string many;
  for (int i = 0; i < 101; ++i) many += one;
  EXPECT_FALSE(read_chain(many));
}

TEST(KeyPair, AcceptsItsOwnKeyAndNoOther) {
  const Pair one = self_signed({"one", {}, {}}), other = self_signed({"other", {}, {}});
  EXPECT_TRUE(check_key_pair(one.pem, one.key.to_pem()));
  const auto wrong = check_key_pair(one.pem, other.key.to_pem());
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, "the private key does not belong to the certificate");
  EXPECT_FALSE(check_key_pair("", one.key.to_pem()));
  EXPECT_FALSE(check_key_pair(one.pem, ""));
  // The leaf is what counts, not what follows it.
  EXPECT_FALSE(check_key_pair(other.pem + one.pem, one.key.to_pem()));
}

TEST(IssuedBy, IsTrueOfTheCaThatSignedAlone) {
  const PrivateKey key = PrivateKey::generate({}).value();
  const PrivateKey ca_key = PrivateKey::generate({}).value();
  const std::string ca = make_self_signed(ca_key, {{"CA", {}, {}}, true}).value();
  const std::string leaf = sign_leaf(key, {{"", {"a.test"}, {}}}, ca, ca_key).value();
  EXPECT_TRUE(check_issued_by(leaf, ca));
  EXPECT_TRUE(check_issued_by(ca, ca));

  // Of the same name, but not the one.
  const PrivateKey other_key = PrivateKey::generate({}).value();
  const std::string other = make_self_signed(other_key, {{"CA", {}, {}}, true}).value();
  const auto refused = check_issued_by(leaf, other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the certificate is not signed by the CA");

  const std::string self_signed_leaf = make_self_signed(key, {{"leaf", {}, {}}}).value();
  EXPECT_FALSE(check_issued_by(self_signed_leaf, self_signed_leaf)) << "it may not sign";
  EXPECT_FALSE(check_issued_by(leaf, ""));
  EXPECT_FALSE(check_issued_by("", ca));
}

TEST(KeyPair, RefusesKeysOfDifferentKinds) {
  const Pair ec = self_signed({"ec", {}, {}});
  const Pair rsa = self_signed({"rsa", {}, {}}, {KeyAlgorithm::rsa, 2048});
  EXPECT_FALSE(check_key_pair(ec.pem, rsa.key.to_pem()));
}

TEST(CoversHost, FollowsRfc6125) {
  CertificateInfo certificate;
  certificate.dns_names = {"*.wild.test", "exact.test", "192.0.2.9"};
  certificate.ip_addresses = {"192.0.2.1", "2001:db8::1"};
  struct Case {
    const char* host;
    bool covered;
  };
  const std::vector<Case> cases = {
      {"exact.test", true},    {"EXACT.test", true},   {"exact.test.", true},
      {"a.exact.test", false}, {"test", false},        {"", false},
      {"a.wild.test", true},   {"A.WILD.TEST", true},  {"a.b.wild.test", false},
      {"wild.test", false},    {".wild.test", false},  {"awild.test", false},
      {"192.0.2.1", true},     {"192.0.2.2", false},   {"192.0.2.9", false},
      {"2001:DB8:0::1", true}, {"2001:db8::2", false},
  };
  for (const Case& c : cases) EXPECT_EQ(covers_host(certificate, c.host), c.covered) << c.host;
}

}  // namespace
}  // namespace base
