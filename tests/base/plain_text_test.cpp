#include "base/plain_text.h"

#include <gtest/gtest.h>

namespace {

TEST(WithoutControls, LeavesNoLineAndNoEscapeToAStranger) {
  EXPECT_EQ(base::without_controls("shop.example is h\u00fcbsch"), "shop.example is h\u00fcbsch");
  EXPECT_EQ(base::without_controls("a\nb\tc\x1b[31md\x7f"), "a?b?c?[31md?");
  EXPECT_EQ(base::without_controls("\xc2\x9b"
                                   "31m \xc2\xa7"),
            "?31m \xc2\xa7");
  EXPECT_EQ(base::without_controls(std::string("\0", 1)), "?");
  EXPECT_EQ(base::without_controls("\xc2"), "\xc2") << "no UTF-8, and no control character";
  EXPECT_EQ(base::without_controls(""), "");
}

}  // namespace
