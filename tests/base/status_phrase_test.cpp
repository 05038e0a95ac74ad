#include "base/status_phrase.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(StatusPhrase, IsTheRegisteredOne) {
  EXPECT_EQ(status_phrase(200), "OK");
  EXPECT_EQ(status_phrase(410), "Gone");
  EXPECT_EQ(status_phrase(411), "Length Required");
  EXPECT_EQ(status_phrase(413), "Content Too Large");
  EXPECT_EQ(status_phrase(505), "HTTP Version Not Supported");
}

TEST(StatusPhrase, IsEmptyWhereNoneIsRegistered) {
  for (const int status : {0, 306, 418, 499, 599, 999}) EXPECT_EQ(status_phrase(status), "");
}

}  // namespace
}  // namespace base
