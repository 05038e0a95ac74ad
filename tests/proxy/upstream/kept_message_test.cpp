#include "proxy/upstream/kept_message.h"

#include <string>

#include <gtest/gtest.h>

namespace proxy::upstream {
namespace {

const std::string kHead = "PUT / HTTP/1.1\r\nHost: shop.test\r\n\r\n";
const std::string kAsMuchAsMay(kReplayBytesMax - kHead.size(), 'x');

class Kept : public ::testing::Test {
 protected:
  admin::Counter gauge_;
  KeptMessage message_{gauge_};
};

TEST_F(Kept, IsTheMessageAndNotItsBytes) {
  message_.keep(kHead, "ab");
  message_.add("cd");
  EXPECT_TRUE(message_.is_whole());
  EXPECT_EQ(message_.head(), kHead);
  EXPECT_EQ(message_.body(), "abcd");
  EXPECT_GE(gauge_.get(), message_.size());
}

TEST_F(Kept, LittleIsKeptUpToTheLimitOfWhatIsSentAgain) {
  message_.keep_if_little(kHead, kAsMuchAsMay);
  EXPECT_TRUE(message_.is_whole());
  message_.keep_if_little(kHead, kAsMuchAsMay + "x");
  EXPECT_FALSE(message_.is_whole());
  EXPECT_EQ(gauge_.get(), 0u);
}

TEST_F(Kept, WhatBecomesTooMuchIsDroppedForGood) {
  message_.keep_if_little(kHead, {});
  message_.add_if_little(kAsMuchAsMay);
  EXPECT_TRUE(message_.is_whole());
  message_.add_if_little("x");
  EXPECT_FALSE(message_.is_whole());
  message_.add_if_little("y");
  message_.add("z");
  EXPECT_FALSE(message_.is_whole());
  EXPECT_EQ(message_.size(), 0u);
}

TEST_F(Kept, WhileNothingWasSentItMayBeLarge) {
  message_.keep(kHead, kAsMuchAsMay);
  message_.add("more");
  EXPECT_TRUE(message_.is_whole());
  message_.drop_unless_little();
  EXPECT_FALSE(message_.is_whole());
}

TEST_F(Kept, AHeadGetsAnotherEnd) {
  message_.keep(kHead, "body");
  message_.replace_end_of_head(2, "Content-Length: 4\r\n\r\n");
  EXPECT_EQ(message_.head(), "PUT / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(message_.body(), "body");
  const std::size_t head = message_.head().size();
  EXPECT_EQ(message_.take().substr(head), "body");
  EXPECT_FALSE(message_.is_whole());
}

TEST_F(Kept, OneThatIsClearedKeepsALittleMemory) {
  message_.keep(kHead, {});
  message_.clear(1024);
  EXPECT_FALSE(message_.is_whole());
  EXPECT_GT(message_.capacity(), 0u);
  message_.keep(kHead, kAsMuchAsMay);
  message_.clear(1024);
  EXPECT_LT(message_.capacity(), 1024u);
  EXPECT_EQ(gauge_.get(), 0u);
}

}  // namespace
}  // namespace proxy::upstream
