#include "proxy/session/sticky_cookie.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proxy::session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string_view> cookies(const std::vector<std::string_view>& values) {
  std::vector<http::Field> fields;
  for (const std::string_view value : values) fields.push_back({"cookie", value});
  fields.push_back({"X-Cookie", "route=no"});
  return cookies_named(fields, "route");
}

TEST(StickyCookie, IsFoundByItsWholeName) {
  EXPECT_THAT(cookies({"route=a"}), ElementsAre("a"));
  EXPECT_THAT(cookies({"x=1; route=a; y=2"}), ElementsAre("a"));
  EXPECT_THAT(cookies({"x=1;route=a;  y=2"}), ElementsAre("a"));
  EXPECT_THAT(cookies({"x=1", "route=a"}), ElementsAre("a"));  // HTTP/2 sends them one by one
  EXPECT_THAT(cookies({"route=a; route=b"}), ElementsAre("a", "b"));
  EXPECT_THAT(cookies({"route="}), ElementsAre(""));
  EXPECT_THAT(cookies({"xroute=a; routes=b; Route=c; x=route=d; route"}), IsEmpty());
  EXPECT_THAT(cookies({"", ";", "; ;=", " "}), IsEmpty());
  EXPECT_THAT(cookies({"route=1; route=2; route=3; route=4; route=5; route=6"}).size(), 4u);
}

TEST(StickyCookie, MayNameAClientAsNoEndpointIsNamed) {
  http::RequestIds random({1, 2, 3, 4});
  const std::string name = make_client_name(random);
  EXPECT_TRUE(is_client_name(name));
  EXPECT_NE(make_client_name(random), name);
  for (const std::string& other : {std::string(), name.substr(1), name + "0", "d" + name.substr(1),
                                   "c" + std::string(32, 'x'), "c" + std::string(32, 'A')}) {
    EXPECT_FALSE(is_client_name(other)) << other;
  }
}

const base::WallTime kNow{std::chrono::seconds{1'767'225'600}};  // 2026-01-01

TEST(StickyCookie, SaysWhatItWasToldToAndIsNeverReadByAScript) {
  config::StickyCookie cookie;
  EXPECT_EQ(attributes_of(cookie, false, "", kNow), "; Path=/; HttpOnly");
  EXPECT_EQ(attributes_of(cookie, true, "", kNow), "; Path=/; Secure; HttpOnly");
  cookie.path = "/shop";
  cookie.domain = "shop.test";
  cookie.max_age = 60;
  cookie.expires = 3600;
  cookie.secure = config::CookieSecure::always;
  cookie.same_site = config::SameSite::strict;
  EXPECT_EQ(attributes_of(cookie, false, "", kNow),
            "; Path=/shop; Domain=shop.test; Max-Age=60; Expires=Thu, 01 Jan 2026 01:00:00 GMT; "
            "Secure; HttpOnly; SameSite=Strict");
  cookie.secure = config::CookieSecure::never;
  EXPECT_THAT(attributes_of(cookie, true, "", kNow), Not(HasSubstr("Secure")));
}

TEST(StickyCookie, SameSiteNoneIsKeptFromThoseWhoTakeItForStrict) {
  config::StickyCookie cookie;
  cookie.same_site = config::SameSite::none;
  const auto is_said_to = [&](std::string_view user_agent) {
    return attributes_of(cookie, true, user_agent, kNow).find("SameSite=None") != std::string::npos;
  };
  const char* const old_ones[] = {
      "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/51.0.2704.103 Safari/537.36",
      "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/66.0.3359.139 Safari/537.36",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 12_1 like Mac OS X) Version/12.0 Safari/604.1",
      "Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) Version/12.0 Safari/604.1",
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_4) Version/12.1 Safari/605.1.15",
  };
  const char* const others[] = {
      "",
      "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 13_1 like Mac OS X) Version/13.0 Safari/604.1",
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_4) Chrome/79.0.1.1 Safari/605.1.15",
      "Mozilla/5.0 Chrome/5",
      "Chrome/600.1",
  };
  for (const char* old : old_ones) EXPECT_TRUE(is_said_to(old)) << old;  // not asked for
  cookie.same_site_none_if_known = true;
  for (const char* old : old_ones) EXPECT_FALSE(is_said_to(old)) << old;
  for (const char* other : others) EXPECT_TRUE(is_said_to(other)) << other;
}

}  // namespace
}  // namespace proxy::session
