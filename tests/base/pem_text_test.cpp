#include "base/pem_text.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace base {
namespace {

std::string block(const std::string& label, std::size_t bytes, char with) {
  return write_pem({label, std::string(bytes, with)});
}

void expect_whole(const std::string& text) {
  const PemText small = PemText::small(text);
  EXPECT_EQ(small.text(), text);
  EXPECT_EQ(small.size(), text.size());
  EXPECT_EQ(small.empty(), text.empty());
  EXPECT_EQ(small, PemText(text));
  const auto plain = read_pem(text);
  const auto blocks = small.blocks();
  ASSERT_EQ(plain.has_value(), blocks.has_value()) << text;
  if (!plain) {
    EXPECT_EQ(plain.error().message, blocks.error().message);
    return;
  }
  ASSERT_EQ(plain->size(), blocks->size()) << text;
  for (std::size_t i = 0; i < plain->size(); ++i) {
    EXPECT_EQ(plain->at(i).label, blocks->at(i).label);
    EXPECT_EQ(plain->at(i).der, blocks->at(i).der);
  }
}

TEST(PemText, HeldSmallItIsTheSameByteForByte) {
  const std::string leaf = block("CERTIFICATE", 400, 'l');
  const std::string issuer = block("CERTIFICATE", 500, 'i');
  for (const std::string& text : std::vector<std::string>{
           "", "no pem", leaf, leaf + issuer, "shop 1\n" + leaf + issuer + "# the end",
           leaf + "between\n" + issuer, block("PRIVATE KEY", 138, 'k'),
           block("EC PRIVATE KEY", 121, 'k'), block("RSA PRIVATE KEY", 1200, 'k'),
           block("SOMETHING", 100, 's') + leaf, leaf + block("SOMETHING", 100, 's'),
           leaf.substr(0, leaf.size() - 1), "x" + leaf, "x" + leaf + issuer,
           "-----BEGIN CERTIFICATE-----\n" + leaf, leaf + "-----BEGIN CERTIFICATE-----\nAAAA\n",
           "-----BEGIN CERTIFICATE-----\nAA=A\n-----END CERTIFICATE-----\n" + leaf,
           // Lines of another width, and lines that end in another way.
           "-----BEGIN CERTIFICATE-----\nAAAA\nAAAA\n-----END CERTIFICATE-----\n" + leaf,
           "-----BEGIN CERTIFICATE-----\r\nAAAA\r\n-----END CERTIFICATE-----\r\n" + leaf,
           "-----BEGIN CERTIFICATE-----\nAAAA\n-----END PRIVATE KEY-----\n" + leaf,
           "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"}) {
    expect_whole(text);
  }
}

TEST(PemText, WhateverStandsThereItIsTheSame) {
  std::mt19937 random(7);
  const std::vector<std::string> parts = {block("CERTIFICATE", 3, 'a'),
                                          block("CERTIFICATE", 100, 'b'),
                                          block("PRIVATE KEY", 48, 'c'),
                                          "-----BEGIN CERTIFICATE-----\n",
                                          "-----END CERTIFICATE-----\n",
                                          "-----BEGIN ",
                                          "-----",
                                          "\n",
                                          "\r\n",
                                          "AAAA\n",
                                          "A",
                                          "text\n"};
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (unsigned count = random() % 8; count > 0; --count) {
      text += parts.at(random() % parts.size());
    }
    expect_whole(text);
  }
}

TEST(PemText, EqualIsWhatSaysTheSame) {
  const std::string leaf = block("CERTIFICATE", 400, 'l');
  EXPECT_EQ(PemText::small(leaf), PemText::small(leaf));
  EXPECT_EQ(PemText::small(leaf), PemText(leaf));
  EXPECT_FALSE(PemText::small(leaf) == PemText::small(block("CERTIFICATE", 400, 'm')));
  EXPECT_FALSE(PemText::small(leaf) == PemText());
}

TEST(PemText, GivesOutTheTextThatItHas) {
  const std::string leaf = block("CERTIFICATE", 400, 'l');
  const PemText plain(leaf);
  ASSERT_NE(plain.held_text(), nullptr);
  EXPECT_EQ(*plain.held_text(), leaf);
  EXPECT_EQ(PemText(plain).held_text(), plain.held_text());
  EXPECT_EQ(PemText::small(leaf).held_text(), nullptr);
  EXPECT_EQ(PemText().held_text(), nullptr);
}

TEST(PemText, SharesItsMemoryWithItsCopiesAlone) {
  const std::string leaf = block("CERTIFICATE", 400, 'l');
  for (const PemText& one : {PemText(leaf), PemText::small(leaf)}) {
    EXPECT_TRUE(one.shares_with(PemText(one)));
    EXPECT_FALSE(one.shares_with(PemText(leaf)));
    EXPECT_FALSE(one.shares_with(PemText::small(leaf)));
  }
}

}  // namespace
}  // namespace base
