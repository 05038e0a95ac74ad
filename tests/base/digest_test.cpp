#include "base/digest.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Digest, Sha256OfAbcIsTheVectorOfFips180) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("").size(), 32u);
}

TEST(Digest, HexPairsAreLowerCaseWithColons) {
  EXPECT_EQ(hex_pairs(std::string("\x04\xab\x00", 3)), "04:ab:00");
  EXPECT_EQ(hex_pairs(""), "");
}

TEST(Digest, RandomBytesDiffer) {
  EXPECT_EQ(random_bytes(16).size(), 16u);
  EXPECT_NE(random_bytes(16), random_bytes(16));
}

}  // namespace
}  // namespace base
