#include "proxy/http/method.h"

#include <gtest/gtest.h>

namespace proxy::http {
namespace {

TEST(Method, IsKnownByItsNameInCapitalsAlone) {
  EXPECT_EQ(method_of("GET"), Method::get);
  EXPECT_EQ(method_of("DELETE"), Method::delete_);
  EXPECT_EQ(method_of("TRACE"), Method::trace);
  for (const char* other : {"", "get", "GETT", "GE", "BREW", "PROPFIND"}) {
    EXPECT_EQ(method_of(other), Method::other) << other;
  }
}

}  // namespace
}  // namespace proxy::http
