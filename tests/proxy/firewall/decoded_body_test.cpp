#include "proxy/firewall/decoded_body.h"

#include <cstddef>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/proxy/support/compressed.h"

namespace proxy::firewall {
namespace {

using http::ContentCoding;
using support::compressed;
using support::Wrapping;

constexpr std::size_t kEnough = 1u << 20;

TEST(DecodedBody, IsWhatWasCompressed) {
  const std::string text = "<p>chairs and tables</p>";
  for (const auto& [wrapping, coding] : {std::pair{Wrapping::gzip, ContentCoding::gzip},
                                         std::pair{Wrapping::zlib, ContentCoding::deflate},
                                         std::pair{Wrapping::none, ContentCoding::deflate}}) {
    const auto decoded = decode_body(compressed(text, wrapping), coding, kEnough);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->bytes, text);
    EXPECT_TRUE(decoded->is_whole);
  }
}

TEST(DecodedBody, IsNoMoreThanWasAskedFor) {
  const std::string bomb = compressed(std::string(16u << 20, 'b'));
  ASSERT_LT(bomb.size(), 32u << 10);
  const auto decoded = decode_body(bomb, ContentCoding::gzip, 100'000);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->bytes, std::string(100'000, 'b'));
  EXPECT_FALSE(decoded->is_whole);
  EXPECT_LT(decoded->bytes.capacity(), 1u << 20);
}

TEST(DecodedBody, OfAsMuchAsWasAskedForIsWhole) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{70'000}}) {
    const auto decoded = decode_body(compressed(std::string(size, 'b')), ContentCoding::gzip, size);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->bytes.size(), size);
    EXPECT_TRUE(decoded->is_whole) << size;
  }
}

TEST(DecodedBody, OfOneByteMoreIsCut) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{70'000}}) {
    const std::string coded = compressed(std::string(size + 1, 'b'));
    for (const std::string& members : {coded, coded + coded}) {
      const auto decoded = decode_body(members, ContentCoding::gzip, size);
      ASSERT_TRUE(decoded);
      EXPECT_EQ(decoded->bytes.size(), size);
      EXPECT_FALSE(decoded->is_whole) << size;
    }
  }
}

TEST(DecodedBody, OfABeginningIsABeginning) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i);
  const std::string whole = compressed(text);
  const auto decoded = decode_body(whole.substr(0, whole.size() / 2), ContentCoding::gzip, kEnough);
  ASSERT_TRUE(decoded);
  EXPECT_GT(decoded->bytes.size(), 10'000u);
  EXPECT_EQ(decoded->bytes, text.substr(0, decoded->bytes.size()));
}

TEST(DecodedBody, OfNothingIsNothing) {
  const auto decoded = decode_body({}, ContentCoding::gzip, kEnough);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->bytes, "");
}

TEST(DecodedBody, OfSeveralMembersIsAllOfThem) {
  const auto decoded =
      decode_body(compressed("one ") + compressed("two"), ContentCoding::gzip, kEnough);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->bytes, "one two");
}

TEST(DecodedBody, OfMembersWithoutEndIsNone) {
  std::string many;
  const std::string empty = compressed("");
  for (int i = 0; i < 2'000; ++i) many += empty;
  EXPECT_FALSE(decode_body(many, ContentCoding::gzip, kEnough));
}

TEST(DecodedBody, IsNoneOfWhatIsNotCompressedSo) {
  EXPECT_FALSE(decode_body("<p>plain</p>", ContentCoding::gzip, kEnough));
  EXPECT_FALSE(decode_body(compressed("x", Wrapping::zlib), ContentCoding::gzip, kEnough));
  EXPECT_FALSE(decode_body(compressed("x"), ContentCoding::deflate, kEnough));
  EXPECT_FALSE(decode_body(compressed("x"), ContentCoding::other, kEnough));
  EXPECT_FALSE(decode_body("plain", ContentCoding::identity, kEnough));
}

TEST(DecodedBody, IsNoneWhereMoreIsBehindTheEndOrTheSumIsWrong) {
  EXPECT_FALSE(decode_body(compressed("x") + "evil", ContentCoding::gzip, kEnough));
  EXPECT_FALSE(
      decode_body(compressed("x", Wrapping::zlib) + "evil", ContentCoding::deflate, kEnough));
  std::string changed = compressed("some text");
  changed[changed.size() - 5] = static_cast<char>(changed[changed.size() - 5] + 1);
  EXPECT_FALSE(decode_body(changed, ContentCoding::gzip, kEnough));
}

}  // namespace
}  // namespace proxy::firewall
