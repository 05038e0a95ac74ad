#include "base/base64url.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Base64url, EncodesTheVectorsOfRfc4648) {
  EXPECT_EQ(base64url_encode(""), "");
  EXPECT_EQ(base64url_encode("f"), "Zg");
  EXPECT_EQ(base64url_encode("fo"), "Zm8");
  EXPECT_EQ(base64url_encode("foo"), "Zm9v");
  EXPECT_EQ(base64url_encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64url_encode("\xfb\xff"), "-_8");
}

TEST(Base64url, ReadsBackEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const std::string some = bytes.substr(0, size);
    EXPECT_EQ(base64url_decode(base64url_encode(some)), some);
    EXPECT_EQ(base64_decode(base64_encode(some)), some);
  }
}

TEST(Base64url, RefusesPaddingAndForeignCharacters) {
  for (const char* text : {"Zg==", "Zm8=", "Zm9v\n", "Zm+v", "Zm/v", "Z", "Zm9vY", "Zm 9"}) {
    EXPECT_EQ(base64url_decode(text), std::nullopt) << text;
  }
}

TEST(Base64url, RefusesASecondSpellingOfTheSameBytes) {
  EXPECT_EQ(base64url_decode("Zg"), "f");
  EXPECT_EQ(base64url_decode("Zh"), std::nullopt);
  EXPECT_EQ(base64_decode("Zh=="), std::nullopt);
}

TEST(Base64, PadsAndSkipsLineBreaks) {
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("\xfb\xff"), "+/8=");
  EXPECT_EQ(base64_decode("Zm9v\r\nYmFy\n"), "foobar");
  EXPECT_EQ(base64_decode("Zg=="), "f");
}

TEST(Base64, RefusesWrongPadding) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "====", "Z===", "Zg==Zg==", "Zm9v YmFy"}) {
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace base
