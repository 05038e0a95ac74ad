#include "base/ascii_text.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(AsciiText, IsLoweredWhateverTheLocaleAndNothingElseIs) {
  EXPECT_EQ(in_lower_case("Content-TYPE"), "content-type");
  EXPECT_EQ(in_lower_case("B\xc3\x84R[@`{"), "b\xc3\x84r[@`{");
  EXPECT_EQ(in_lower_case(""), "");
}

TEST(AsciiText, IsTrimmedOfTheBlanksThatAreNamed) {
  EXPECT_EQ(trimmed(" \t a b\t "), "a b");
  EXPECT_EQ(trimmed("a\r"), "a\r");
  EXPECT_EQ(trimmed("\r\n a \n", " \t\r\n"), "a");
  EXPECT_EQ(trimmed(" \t"), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(AsciiText, IsATokenWhereEachByteMayBeOfOne) {
  for (const char* good : {"GET", "x-y_z", "!#$%&'*+-.^_`|~09azAZ"}) EXPECT_TRUE(is_token(good));
  for (const std::string_view bad :
       {std::string_view(), std::string_view("a b"), std::string_view("a:"),
        std::string_view("\xc3"), std::string_view("a\0", 2), std::string_view("(")}) {
    EXPECT_FALSE(is_token(bad)) << bad;
  }
}

}  // namespace
}  // namespace base
