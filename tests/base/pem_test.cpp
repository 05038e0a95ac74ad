#include "base/pem.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Pem, ReadsBackWhatItWrote) {
  for (const std::size_t size : {1u, 47u, 48u, 49u, 1000u}) {
    const PemBlock block{"CERTIFICATE", std::string(size, '\x5a')};
    const auto blocks = read_pem(write_pem(block));
    ASSERT_TRUE(blocks) << blocks.error().message;
    ASSERT_EQ(blocks->size(), 1u);
    EXPECT_EQ(blocks->front().label, "CERTIFICATE");
    EXPECT_EQ(blocks->front().der, block.der);
  }
}

TEST(Pem, WritesLinesOf64Characters) {
  EXPECT_EQ(write_pem({"X", std::string(49, '\0')}),
            "-----BEGIN X-----\n" + std::string(64, 'A') + "\nAA==\n-----END X-----\n");
}

TEST(Pem, DropsTextBetweenBlocksAndReadsWindowsLines) {
  const auto blocks = read_pem(
      "subject=/CN=x\r\n-----BEGIN A-----\r\nZm9v\r\n-----END A-----\r\n# next\n"
      "-----BEGIN B KEY-----\nYmFy\n-----END B KEY-----");
  ASSERT_TRUE(blocks) << blocks.error().message;
  ASSERT_EQ(blocks->size(), 2u);
  EXPECT_EQ((*blocks)[0].der, "foo");
  EXPECT_EQ((*blocks)[1].label, "B KEY");
}

TEST(Pem, NoBlocksIsAnEmptyList) {
  EXPECT_TRUE(read_pem("")->empty());
  EXPECT_TRUE(read_pem("no PEM here\n-----END A-----\n")->empty());
}

TEST(Pem, SaysWhichBlockIsBrokenAndWhy) {
  const std::string good = "-----BEGIN A-----\nZm9v\n-----END A-----\n";
  struct Case {
    std::string text, why;
  };
  const std::vector<Case> cases = {
      {"-----BEGIN B-----\nZm9v\n", "PEM block 2 (B) has no END line"},
      {"-----BEGIN B-----\nZm9v\n" + good, "PEM block 2 (B) has no END line"},
      {"-----BEGIN B-----\nZm9v\n-----END C-----\n", "ends with another label"},
      {"-----BEGIN B-----\nZm9\n-----END B-----\n", "PEM block 2 (B) is not valid base64"},
      {"-----BEGIN B-----\nProc-Type: 4,ENCRYPTED\n\nZm9v\n-----END B-----\n", "base64"},
      {"-----BEGIN \x1b[2J-----\nZm9v\n-----END \x1b[2J-----\n", "not printable"},
  };
  for (const Case& c : cases) {
    const auto blocks = read_pem(good + c.text);
    ASSERT_FALSE(blocks) << c.text;
    EXPECT_EQ(blocks.error().kind, ErrorKind::invalid);
    EXPECT_NE(blocks.error().message.find(c.why), std::string::npos) << blocks.error().message;
  }
}

TEST(Pem, OfAKeyThatLostItsLineEndsNothingIsSaid) {
  const auto blocks =
      read_pem("-----BEGIN EC PRIVATE KEY----- MHcCAQEEIabcdef -----END EC PRIVATE KEY-----");
  ASSERT_FALSE(blocks);
  EXPECT_EQ(blocks.error().kind, ErrorKind::invalid);
  EXPECT_EQ(blocks.error().message.find("MHcC"), std::string::npos) << blocks.error().message;
  EXPECT_NE(blocks.error().message.find("line of its own"), std::string::npos)
      << blocks.error().message;
}

TEST(Pem, RefusesWhatIsTooLarge) {
  EXPECT_TRUE(read_pem(write_pem({"A", std::string(kPemBlockBytesMax, 'x')})));
  EXPECT_FALSE(read_pem(write_pem({"A", std::string(kPemBlockBytesMax + 1, 'x')})));
  std::string many;
  for (std::size_t i = 0; i <= kPemBlocksMax; ++i) many += write_pem({"A", "x"});
  EXPECT_FALSE(read_pem(many));
}

}  // namespace
}  // namespace base
