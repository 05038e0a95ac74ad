#include "proxy/config/field_name.h"

#include <string>

#include <gtest/gtest.h>

namespace proxy::config {
namespace {

TEST(FieldName, IsAToken) {
  for (const char* name : {"X-A", "x_a", "X.A~1", "Server"}) EXPECT_TRUE(is_field_name(name));
  for (const char* name : {"", " ", "X A", "X-A ", "X:A", ":path", "X\r\nY", "X\xc3\xa9", "(X)"}) {
    EXPECT_FALSE(is_field_name(name)) << name;
  }
  EXPECT_FALSE(is_field_name(std::string(257, 'x')));
}

TEST(FieldName, MayBeShapedUnlessItIsTheProxysOwnInAnySpelling) {
  for (const char* name :
       {"X-Frame-Options", "Server", "Authorization", "Cookie", "Set-Cookie", "X-Powered-By",
        "Content-Type", "Content-Security-Policy", "X-Auth-Request-User", "Hostname", "Prox"}) {
    EXPECT_TRUE(may_be_shaped(name)) << name;
  }
  for (const char* name : {"Host",
                           "HOST",
                           "Connection",
                           "Content-Length",
                           "Content_Length",
                           "Transfer-Encoding",
                           "transfer.encoding",
                           "TE",
                           "Trailer",
                           "Upgrade",
                           "Keep-Alive",
                           "Proxy",
                           "Proxy-Connection",
                           "Proxy-Authorization",
                           "X-Forwarded-For",
                           "x_forwarded_for",
                           "X-Forwarded-Anything",
                           "X-Real-IP",
                           "X-Request-ID",
                           "Forwarded",
                           "Expect",
                           "HTTP2-Settings",
                           "Date",
                           ":authority",
                           ""}) {
    EXPECT_FALSE(may_be_shaped(name)) << name;
  }
}

}  // namespace
}  // namespace proxy::config
