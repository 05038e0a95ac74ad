#include "proxy/http/field.h"

#include <string>

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

// What another byte makes of a name, wherever it stands: the other case of a letter is the same
// name, another mark for a hyphen a look-alike, and all else another name.
TEST(FieldId, EveryByteOfANameCounts) {
  const std::string_view names[] = {"te",
                                    "host",
                                    "date",
                                    "proxy",
                                    "trailer",
                                    "x-scheme",
                                    "x-real-ip",
                                    "connection",
                                    "x-forwarded",
                                    "content-length",
                                    "x-forwarded-for",
                                    "proxy-connection",
                                    "transfer-encoding",
                                    "x-forwarded-server",
                                    "cf-access-authenticated-user-email"};
  for (const std::string_view name : names) {
    const FieldId id = field_id(name);
    EXPECT_NE(id, FieldId::other) << name;
    for (std::size_t at = 0; at < name.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string changed(name);
        changed[at] = static_cast<char>(byte);
        const bool is_same =
            (byte | 0x20) == name[at] && (byte == name[at] || (name[at] >= 'a' && name[at] <= 'z'));
        const bool is_mark = std::string_view("!#$%&'*+.^_`|~").find(static_cast<char>(byte)) !=
                             std::string_view::npos;
        // Of a family, or another name ("x-real-1p" is of x-real-*), it is not for this to say.
        const FieldId found = field_id(changed);
        if (is_same) {
          EXPECT_EQ(found, id) << changed;
        } else if (name[at] == '-' && is_mark) {
          EXPECT_EQ(found, FieldId::look_alike) << changed;
        } else if (byte != '-' && !is_mark) {
          EXPECT_TRUE(found == FieldId::other || found == FieldId::about_client ||
                      found == FieldId::attested)
              << changed;
          if (name.front() != 'x') {
            EXPECT_EQ(found, FieldId::other) << changed;
          }
        }
      }
    }
  }
}

TEST(FieldId, AFamilyIsKnownByHowItsNamesBegin) {
  EXPECT_EQ(field_id("Remote-User"), FieldId::attested);
  EXPECT_EQ(field_id("remote-"), FieldId::attested);
  EXPECT_EQ(field_id("Remote"), FieldId::other);
  EXPECT_EQ(field_id("X-Ssl-Anything"), FieldId::attested);
  EXPECT_EQ(field_id("X-SSL"), FieldId::other);
  EXPECT_EQ(field_id("x-goog-authenticated-user-email"), FieldId::attested);
  EXPECT_EQ(field_id("x-goog-authenticated-users"), FieldId::other);
  EXPECT_EQ(field_id("x-goog.authenticated-user-email"), FieldId::look_alike);
  EXPECT_EQ(field_id("X-Real-Port"), FieldId::about_client);
}

TEST(EqualsIgnoringCase, OfLettersAlone) {
  EXPECT_TRUE(equals_ignoring_case("Keep-Alive", "keep-alive"));
  EXPECT_TRUE(equals_ignoring_case("keep-alive", "keep-alive"));
  EXPECT_TRUE(equals_ignoring_case("", ""));
  EXPECT_FALSE(equals_ignoring_case("keep-alive", "keep-alivf"));
  EXPECT_FALSE(equals_ignoring_case("keep-alive", "keep_alive"));
  EXPECT_FALSE(equals_ignoring_case("close", "closed"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
}

}  // namespace
}  // namespace proxy::http
