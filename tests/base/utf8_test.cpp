#include "base/utf8.h"

#include <string>

#include <gtest/gtest.h>

namespace base {
namespace {

using namespace std::string_view_literals;

TEST(Utf8, ACharacterHasOneToFourBytesWhateverFollows) {
  for (const std::string_view behind : {""sv, "a"sv, "\x80"sv, "\xff"sv}) {
    const auto bytes_of = [&](std::string_view text) {
      return utf8_character_bytes(std::string(text).append(behind));
    };
    EXPECT_EQ(bytes_of("a"sv), 1u);
    EXPECT_EQ(bytes_of("\0"sv), 1u);
    EXPECT_EQ(bytes_of("\x7f"sv), 1u);
    EXPECT_EQ(bytes_of("\xc2\x80"sv), 2u);
    EXPECT_EQ(bytes_of("\xdf\xbf"sv), 2u);
    EXPECT_EQ(bytes_of("\xe0\xa0\x80"sv), 3u);
    EXPECT_EQ(bytes_of("\xed\x9f\xbf"sv), 3u);  // before the surrogates
    EXPECT_EQ(bytes_of("\xee\x80\x80"sv), 3u);  // behind them
    EXPECT_EQ(bytes_of("\xef\xbf\xbf"sv), 3u);
    EXPECT_EQ(bytes_of("\xf0\x90\x80\x80"sv), 4u);
    EXPECT_EQ(bytes_of("\xf4\x8f\xbf\xbf"sv), 4u);  // the last one, U+10FFFF
  }
}

TEST(Utf8, WhatIsNoCharacterHasNoBytes) {
  for (const std::string_view text :
       {""sv, "\x80"sv, "\xbf"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xe0\x9f\xbf"sv,
        "\xf0\x8f\xbf\xbf"sv, "\xed\xa0\x80"sv, "\xed\xbf\xbf"sv, "\xf4\x90\x80\x80"sv,
        "\xf5\x80\x80\x80"sv, "\xff"sv, "\xc2"sv, "\xe2\x82"sv, "\xf0\x9f\x98"sv, "\xc2z"sv,
        "\xe2\x82z"sv, "\xf0\x9f\x98z"sv}) {
    EXPECT_EQ(utf8_character_bytes(text), 0u) << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace base
