#include "proxy/http/field.h"

#include <gtest/gtest.h>

namespace proxy::http {
namespace {

TEST(FieldId, LookAlikesWithUnderscoresAreTold) {
  EXPECT_EQ(field_id("x-forwarded-FOR"), FieldId::x_forwarded_for);
  EXPECT_EQ(field_id("X_Forwarded-For"), FieldId::look_alike);
  EXPECT_EQ(field_id("Content_Length"), FieldId::look_alike);
  EXPECT_EQ(field_id("x-real.ip"), FieldId::look_alike);
  EXPECT_EQ(field_id("X-Original_URL"), FieldId::look_alike);
  EXPECT_EQ(field_id("X_Custom"), FieldId::other);
  EXPECT_EQ(field_id("Proxy-Authorization"), FieldId::proxy_authorization);
  EXPECT_EQ(field_id("Proxy-Authorizatio"), FieldId::other);
  EXPECT_EQ(field_id(""), FieldId::other);
}

}  // namespace
}  // namespace proxy::http
