#include "proxy/client/trusted_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proxy::client {
namespace {

using http::FieldId;

http::Field field(std::string_view name) {
  return {.name = name, .value = "v", .id = http::field_id(name)};
}

TEST(TrustedFields, AreThoseThatAreNamedInAnyCaseAndNoOthers) {
  const TrustedFields trusted =
      TrustedFields::parse({"X-Auth-Request-User", "ssl-client-verify"}).value();
  std::vector<http::Field> fields = {field("x-auth-request-user"), field("Ssl-Client-Verify"),
                                     field("X-Auth-Request-Email"), field("X_Auth_Request_User"),
                                     field("Accept")};
  trusted.trust(fields);
  EXPECT_EQ(fields[0].id, FieldId::about_client);
  EXPECT_EQ(fields[1].id, FieldId::about_client);
  EXPECT_EQ(fields[2].id, FieldId::attested);
  EXPECT_EQ(fields[3].id, FieldId::look_alike);
  EXPECT_EQ(fields[4].id, FieldId::other);
}

TEST(TrustedFields, AreNoneUnlessToldOtherwise) {
  std::vector<http::Field> fields = {field("X-Auth-Request-User")};
  TrustedFields().trust(fields);
  EXPECT_EQ(fields[0].id, FieldId::attested);
}

TEST(TrustedFields, WhatIsNotDroppedFromTrustedProxiesIsRefusedByName) {
  for (const std::string name : {"", "Accept", "X-Forwarded-For", "CF-Connecting-IP",
                                 "X_Auth_Request_User", "Connection", "Content-Length"}) {
    const auto parsed = TrustedFields::parse({"X-Auth-Request-User", name});
    ASSERT_FALSE(parsed) << name;
    EXPECT_THAT(parsed.error().message, ::testing::HasSubstr("'" + name + "'"));
  }
  EXPECT_FALSE(TrustedFields::parse(
      std::vector<std::string>(TrustedFields::kFieldsMax + 1, "X-Auth-Request-User")));
}

}  // namespace
}  // namespace proxy::client
