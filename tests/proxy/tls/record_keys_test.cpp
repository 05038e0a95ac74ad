// Keys by the traces of RFC 8448, which every implementation shares.
#include "proxy/tls/record_keys.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/proxy/support/rfc8448.h"

namespace proxy::tls {
namespace {

using Use = RecordKeys::Use;
constexpr CipherSuite kSuite = CipherSuite::aes_128_gcm_sha256;

template <class Bytes>
std::string text_of(const Bytes& bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

TEST(RecordKeys, AreThoseOfTheTrace) {
  KeyExpansion expansion;
  ASSERT_TRUE(expansion.is_usable());
  struct Case {
    const char* secret;
    const char* key;
    const char* iv;
  };
  for (const Case& one : {Case{rfc8448::kClientSecret, "17422dda596ed5d9acd890e3c63f5051",
                               "5b78923dee08579033e523d9"},
                          Case{rfc8448::kServerSecret, "9f02283b6c9c07efc26bb9f2ac92e356",
                               "cf782b88dd83549aadf1e984"}}) {
    RecordKeys keys(kSuite, Use::opens);
    ASSERT_TRUE(expansion.derive_keys(rfc8448::secret(one.secret), keys));
    EXPECT_EQ(text_of(keys.key, 16), rfc8448::bytes(one.key));
    EXPECT_EQ(text_of(keys.iv, 12), rfc8448::bytes(one.iv));
    EXPECT_EQ(keys.sequence, 0u);
  }
}

TEST(RecordKeys, OfOneSecretDoNotDependOnWhatWasExpandedBefore) {
  KeyExpansion expansion;
  RecordKeys first(kSuite, Use::opens), second(kSuite, Use::opens);
  const TrafficSecret secret = rfc8448::secret(rfc8448::kClientSecret);
  ASSERT_TRUE(expansion.derive_keys(secret, first));
  RecordKeys other(CipherSuite::aes_256_gcm_sha384, Use::seals);
  ASSERT_TRUE(expansion.derive_keys(secret, other));
  ASSERT_TRUE(expansion.derive_keys(secret, second));
  EXPECT_EQ(first.key, second.key);
  EXPECT_EQ(first.iv, second.iv);
}

TEST(RecordKeys, OfTheLargeSuitesHave32Bytes) {
  KeyExpansion expansion;
  for (const CipherSuite suite :
       {CipherSuite::aes_256_gcm_sha384, CipherSuite::chacha20_poly1305_sha256}) {
    RecordKeys keys(suite, Use::seals);
    ASSERT_TRUE(expansion.derive_keys(rfc8448::secret(rfc8448::kServerSecret), keys));
    EXPECT_NE(text_of(keys.key, 32).substr(16), std::string(16, '\0'));
  }
}

// RFC 8446 §5.3: the number of the record, with zeros before it, over the IV.
TEST(RecordKeys, TheNonceIsTheNumberOfTheRecordOverTheIv) {
  RecordKeys keys(kSuite, Use::seals);
  keys.iv = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  EXPECT_EQ(keys.nonce(), keys.iv);
  keys.sequence = 0x0102030405060708;
  const RecordKeys::Nonce expected = {1,     2,     3,     4,      5 ^ 1,  6 ^ 2,
                                      7 ^ 3, 8 ^ 4, 9 ^ 5, 10 ^ 6, 11 ^ 7, 12 ^ 8};
  EXPECT_EQ(keys.nonce(), expected);
}

TEST(RecordKeys, ASecretThatAdvancesIsAnotherEachTime) {
  KeyExpansion expansion;
  TrafficSecret secret = rfc8448::secret(rfc8448::kClientSecret);
  const auto first = secret.bytes;
  ASSERT_TRUE(expansion.advance(kSuite, secret));
  const auto second = secret.bytes;
  ASSERT_TRUE(expansion.advance(kSuite, secret));
  EXPECT_NE(first, second);
  EXPECT_NE(second, secret.bytes);
  EXPECT_EQ(text_of(secret.bytes, 48).substr(32), std::string(16, '\0'));
}

TEST(RecordKeys, NoMoreIsExpandedThanOneHashHas) {
  KeyExpansion expansion;
  const TrafficSecret secret = rfc8448::secret(rfc8448::kClientSecret);
  std::array<unsigned char, 64> out{};
  EXPECT_TRUE(expansion.expand(kSuite, secret, "key", std::span(out).first(32)));
  EXPECT_FALSE(expansion.expand(kSuite, secret, "key", std::span(out).first(33)));
  EXPECT_FALSE(expansion.expand(kSuite, secret, std::string(27, 'l'), std::span(out).first(16)));
}

TEST(RecordKeys, AreGoneWhenTheyAreWiped) {
  KeyExpansion expansion;
  RecordKeys keys(kSuite, Use::opens);
  ASSERT_TRUE(expansion.derive_keys(rfc8448::secret(rfc8448::kClientSecret), keys));
  keys.wipe();
  EXPECT_EQ(text_of(keys.key, 32), std::string(32, '\0'));
  EXPECT_EQ(text_of(keys.iv, 12), std::string(12, '\0'));
}

}  // namespace
}  // namespace proxy::tls
