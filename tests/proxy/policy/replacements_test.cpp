#include "proxy/policy/replacements.h"

#include <string>

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

const Replacements kDomains = {{"web.internal", "shop.example"}};
const Replacements kPaths = {{"/app/", "/"}, {"/app", "/"}};

std::string cookie(std::string_view text) {
  return replaced_in_cookie(text, kDomains, kPaths).value_or("as it is");
}

TEST(Replacements, GiveCookiesTheDomainAndThePathOfTheOutside) {
  EXPECT_EQ(cookie("id=1; Path=/app/x; Domain=web.internal; HttpOnly"),
            "id=1; Path=/x; Domain=shop.example; HttpOnly");
  EXPECT_EQ(cookie("id=1;path = /app ;DOMAIN=.Web.Internal"), "id=1;path =/;DOMAIN=shop.example");
  for (const char* text :
       {"id=1", "id=1; Path=/other", "id=1; Domain=sub.web.internal",
        "id=1; Domain=web.internal.example", "Path=/app/", "id=Domain=web.internal", "id=1; Path",
        "id=1;", "", ";", "id=\"; Pathx=/app/\""}) {
    EXPECT_EQ(cookie(text), "as it is") << text;
  }
}

TEST(Replacements, MayAddAttributesToAPath) {
  EXPECT_EQ(replaced_in_cookie("id=1; Path=/", {}, {{"/", "/; Secure; SameSite=None"}}),
            "id=1; Path=/; Secure; SameSite=None");
}

TEST(Replacements, GiveRedirectsTheAddressOfTheOutside) {
  const Replacements to_https = {{"http://shop.example/", "https://shop.example/"}};
  EXPECT_EQ(replaced_in_location("http://shop.example/a?b", to_https), "https://shop.example/a?b");
  EXPECT_EQ(replaced_in_location("https://shop.example/a", to_https), std::nullopt);
  EXPECT_EQ(replaced_in_location("/http://shop.example/", to_https), std::nullopt);
  EXPECT_EQ(replaced_in_refresh("5; URL=http://shop.example/a", to_https),
            "5; URL=https://shop.example/a");
  EXPECT_EQ(replaced_in_refresh("5; url=/a", to_https), std::nullopt);
  EXPECT_EQ(replaced_in_refresh("5", to_https), std::nullopt);
  EXPECT_EQ(replaced_in_refresh("", to_https), std::nullopt);
}

TEST(Replacements, AreMadeInAllFieldsOfAResponse) {
  config::Shape shape;
  shape.cookie_paths = kPaths;
  shape.locations = {{"http://", "https://"}};
  std::vector<http::Field> fields = {{.name = "set-cookie", .value = "a=1; Path=/app/1"},
                                     {.name = "Set-Cookie", .value = "b=1; Path=/app/2"},
                                     {.name = "X-Location", .value = "http://a"},
                                     {.name = "LOCATION", .value = "http://a"}};
  std::forward_list<std::string> texts;
  replace_in_fields(shape, fields, texts);
  EXPECT_EQ(fields[0].value, "a=1; Path=/1");
  EXPECT_EQ(fields[1].value, "b=1; Path=/2");
  EXPECT_EQ(fields[2].value, "http://a");
  EXPECT_EQ(fields[3].value, "https://a");
}

}  // namespace
}  // namespace proxy::policy
