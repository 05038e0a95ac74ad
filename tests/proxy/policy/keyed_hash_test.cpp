#include "proxy/policy/keyed_hash.h"

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

TEST(KeyedHash, IsSipHashAsItsAuthorsHaveIt) {
  // The reference implementation's vectors: the key is 00 01 .. 0f, the input 00 01 .. (n - 1).
  const KeyedHash hash(KeyedHash::Key{0x0706050403020100, 0x0f0e0d0c0b0a0908});
  std::string input;
  for (char c = 0; c < 15; ++c) input += c;
  EXPECT_EQ(hash.of(""), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(hash.of(input.substr(0, 8)), 0x93f5f5799a932462u);
  EXPECT_EQ(hash.of(input), 0xa129ca6149be45e5u);
}

TEST(KeyedHash, OfTwoProcessesNoneKnowsWhatTheOtherMakesOfAnAddress) {
  EXPECT_NE(KeyedHash().of("192.0.2.7"), KeyedHash().of("192.0.2.7"));
}

}  // namespace
}  // namespace proxy::policy
