#include "proxy/policy/external_auth.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/policy/guards.h"

namespace proxy::policy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const RequestWords kRequest{.secure = true,
                            .host = "shop.example:8443",
                            .method = "POST",
                            .path = "/a%2Fb",
                            .normalized_path = "/a%2Fb",
                            .query = "?x=1&y=/",
                            .client_address = "192.0.2.7",
                            .port = "8443"};

std::optional<std::string> made(const std::string& text, const RequestWords& request = kRequest) {
  return written(config::read_template(text).value(), request, 1000);
}

TEST(WrittenTexts, HaveOfTheRequestWhatTheirVariablesSay) {
  const struct {
    std::string text;
    std::string made;
  } rows[] = {
      {"https://$host/start?rd=$escaped_request_uri",
       "https://shop.example/start?rd=%2Fa%252Fb%3Fx%3D1%26y%3D%2F"},
      {"$scheme://$http_host$request_uri", "https://shop.example:8443/a%2Fb?x=1&y=/"},
      {"$uri$is_args$args", "/a%2Fb?x=1&y=/"},
      {"/$request_method/$remote_addr/$server_port", "/POST/192.0.2.7/8443"},
      {"${pass_access_scheme}x", "httpsx"},
      {"plain", "plain"},
  };
  for (const auto& row : rows) EXPECT_EQ(made(row.text), row.made) << row.text;
}

TEST(WrittenTexts, NothingOfARequestEndsALine) {
  RequestWords request = kRequest;
  request.path = "/a\r\nSet-Cookie: b\x7f\xc3\xa9 ";
  request.method = "M";
  request.query = "?\n";
  for (const char* text : {"$request_uri", "$escaped_request_uri", "$args"}) {
    const auto text_made = made(text, request);
    ASSERT_TRUE(text_made);
    for (const char c : *text_made) EXPECT_TRUE(c > ' ' && c <= '~') << text;
  }
  EXPECT_EQ(made("$request_uri", request), "/a%0D%0ASet-Cookie:%20b%7F%C3%A9%20?%0A");
}

TEST(WrittenTexts, AreNotMadeOfAHostThatIsNoneOrAreTooLong) {
  for (const char* host : {"", "a b", "a/b", "a\r\nb", "user@a"}) {
    RequestWords request = kRequest;
    request.host = host;
    EXPECT_FALSE(made("https://$host/", request)) << host;
  }
  RequestWords request = kRequest;
  const std::string path = "/" + std::string(2000, 'a');
  request.path = path;
  EXPECT_FALSE(made("$request_uri", request));
}

config::ExternalAuth settings() {
  config::ExternalAuth auth;
  auth.host = "auth.svc:4180";
  auth.target = "/check?of=$escaped_request_uri";
  auth.copied = {{"X-User"}, {"Authorization"}};
  return auth;
}

std::string question(const config::ExternalAuth& config, const std::vector<http::Field>& fields,
                     std::uint32_t cluster = 1, bool peer_is_trusted = false) {
  const ExternalAuth auth(config, cluster);
  return auth.question(auth.place_for(kRequest).value(), {.words = kRequest,
                                                          .fields = fields,
                                                          .peer_is_trusted = peer_is_trusted,
                                                          .request_id = "id-1"});
}

http::Field field(std::string_view name, std::string_view value) {
  return {.name = name, .value = value, .id = http::field_id(name)};
}

TEST(AuthQuestion, SaysWhatIsAskedForAndByWhomAndHasNoBody) {
  EXPECT_EQ(question(settings(), {field("Cookie", "s=1")}),
            "GET /check?of=%2Fa%252Fb%3Fx%3D1%26y%3D%2F HTTP/1.1\r\n"
            "Host: auth.svc:4180\r\n"
            "Cookie: s=1\r\n"
            "X-Original-URL: https://shop.example:8443/a%2Fb?x=1&y=/\r\n"
            "X-Original-URI: /a%2Fb?x=1&y=/\r\n"
            "X-Original-Method: POST\r\n"
            "X-Sent-From: gatehouse\r\n"
            "X-Scheme: https\r\n"
            "X-Real-IP: 192.0.2.7\r\n"
            "X-Forwarded-For: 192.0.2.7\r\n"
            "X-Forwarded-Host: shop.example:8443\r\n"
            "X-Request-ID: id-1\r\n"
            "X-Auth-Request-Redirect: /a%2Fb?x=1&y=/\r\n\r\n");
}

TEST(AuthQuestion, IsOfTheMethodThatIsWantedAndSaysThatThereIsNoBodyWhereOneIsExpected) {
  config::ExternalAuth config = settings();
  for (const auto& [method, says_so] :
       {std::pair("HEAD", false), std::pair("POST", true), std::pair("PUT", true)}) {
    config.method = method;
    const std::string asked = question(config, {});
    EXPECT_TRUE(asked.starts_with(method)) << method;
    EXPECT_EQ(asked.find("Content-Length: 0\r\n") != std::string::npos, says_so) << method;
  }
}

TEST(AuthQuestion, CarriesTheClientsFieldsButNoneThatSpeaksOfItsBodyItsConnectionOrForUs) {
  std::vector<http::Field> fields;
  for (const char* name : {"Host",
                           "Content-Length",
                           "Transfer-Encoding",
                           "Connection",
                           "Upgrade",
                           "TE",
                           "Expect",
                           "X-Forwarded-For",
                           "X_Forwarded_For",
                           "X-Real-IP",
                           "X-Original-URL",
                           "x-original-method",
                           "X_Original_Url",
                           "X-Sent-From",
                           "X_Sent_From",
                           "X-Auth-Request-Redirect",
                           "X-Auth-Request-User",
                           "If-None-Match",
                           "Range",
                           "X-Scheme",
                           "Remote-User"}) {
    fields.push_back(field(name, "evil"));
  }
  fields.push_back(field("X-Hop", "evil"));
  fields.back().dropped = true;
  fields.push_back(field("Accept", "good"));
  fields.push_back(field("Authorization", "good too"));
  const std::string asked = question(settings(), fields);
  EXPECT_THAT(asked, Not(HasSubstr("evil")));
  EXPECT_THAT(asked, HasSubstr("Accept: good\r\nAuthorization: good too\r\n"));
}

TEST(AuthQuestion, BelievesOfATrustedProxyWhatABackendWould) {
  const std::vector<http::Field> fields = {
      field("CF-Connecting-IP", "192.0.2.9"), field("X-Original-URL", "evil"),
      field("X-Rewrite-URL", "evil"), field("X-Forwarded-User", "evil"),
      field("Remote-User", "evil")};
  const std::string asked = question(settings(), fields, 1, true);
  EXPECT_THAT(asked, HasSubstr("CF-Connecting-IP: 192.0.2.9\r\n"));
  EXPECT_THAT(asked, Not(HasSubstr("evil")));
}

TEST(AuthQuestion, SaysTheFieldsOfItsSettingsInPlaceOfThoseThatItWouldHave) {
  config::ExternalAuth config = settings();
  config.said = {{"X-Forwarded-Host", "$host"},
                 {"X-Token", "by $http_x_client of $cookie_s for $remote_user"},
                 {"X-Nothing", "$http_nothing"},
                 {"X-Original-Method", "$request_method"}};
  const std::vector<http::Field> fields = {field("X-Client", "some body"),
                                           field("Cookie", "a=b; s=1"), field("x_token", "evil"),
                                           field("Authorization",
                                                 "Basic "
                                                 "YQ0KYjpwdw==")};  // "a\r\nb:pw"
  RequestWords request = kRequest;
  request.fields = &fields;
  const ExternalAuth auth(config, 1);
  const std::string asked = auth.question(auth.place_for(request).value(),
                                          {.words = request, .fields = fields, .request_id = "id"});
  EXPECT_THAT(asked, HasSubstr("\r\nX-Forwarded-Host: shop.example\r\n"));
  EXPECT_THAT(asked, Not(HasSubstr("X-Forwarded-Host: shop.example:8443")));
  EXPECT_THAT(asked, HasSubstr("\r\nX-Token: by some body of 1 for a%0D%0Ab\r\n"));
  EXPECT_THAT(asked, Not(HasSubstr("X-Nothing")));
  EXPECT_THAT(asked, Not(HasSubstr("evil")));
  EXPECT_EQ(asked.find("X-Original-Method"), asked.rfind("X-Original-Method"));
}

TEST(AuthAnswer, MayBeKeptForAsLongAsItSaysItself) {
  const struct {
    const char* name;
    const char* value;
    int seconds;
  } rows[] = {
      {"X-A", "no-store", 86'400},
      {"Cache-Control", "no-store", 0},
      {"cache-control", "public, NO-CACHE", 0},
      {"Cache-Control", "private", 0},
      {"Cache-Control", "max-age=60", 60},
      {"Cache-Control", "max-age=60, s-maxage=30", 30},
      {"Cache-Control", "max-age=soon", 0},
      {"Cache-Control", "max-age", 0},
      {"Cache-Control", "max-age=99999999999", 86'400},
      {"Vary", "accept-encoding", 86'400},
      {"Vary", "Accept-Encoding, Cookie", 0},
      {"Vary", "*", 0},
  };
  for (const auto& row : rows) {
    http::ResponseHead head;
    head.status = 200;
    head.fields = {field(row.name, row.value)};
    EXPECT_EQ(read_auth_answer(head, settings()).fresh_for, std::chrono::seconds(row.seconds))
        << row.value;
  }
}

TEST(AuthQuestion, NoRequestLeadsItAwayFromItsPath) {
  config::ExternalAuth config = settings();
  config.target = "/check$args$uri?$args";
  const ExternalAuth auth(config, 1);
  for (const char* query : {"?/../open", "?/%2e%2E/open", "?/.%2e/open", "?/..%2fopen",
                            "?\\..\\open", "?%5c..%5Copen", "?/."}) {
    RequestWords request = kRequest;
    request.query = query;
    EXPECT_FALSE(auth.place_for(request)) << query;
  }
  RequestWords request = kRequest;
  request.query = "?a..b/...=../";
  request.path = request.normalized_path = "/x";
  EXPECT_TRUE(auth.place_for(request));
}

TEST(AuthQuestion, IsNotMadeWhereItsTargetCannotBe) {
  for (const auto& [host, target] : {std::pair("auth", "relative"), std::pair("auth", "/a#b"),
                                     std::pair("a b", "/"), std::pair("", "/")}) {
    config::ExternalAuth config = settings();
    config.host = host;
    config.target = target;
    EXPECT_FALSE(ExternalAuth(config, 1).place_for(kRequest)) << host << target;
  }
}

TEST(AuthAnswer, HasTheFieldsThatAreWantedAndNoneOfItsConnection) {
  http::ResponseHead head;
  head.status = 200;
  head.fields = {field("x-user", "ann"),
                 field("X-Other", "x"),
                 field("Set-Cookie", "a=1"),
                 field("set-cookie", "b=2"),
                 field("WWW-Authenticate", "Bearer"),
                 field("Authorization", "Bearer t")};
  head.fields.push_back(field("X-User", "dropped"));
  head.fields.back().dropped = true;
  const AuthAnswer answer = read_auth_answer(head, settings());
  EXPECT_THAT(answer.cookies, ::testing::ElementsAre("a=1", "b=2"));
  EXPECT_THAT(answer.challenges, ::testing::ElementsAre("Bearer"));
  EXPECT_THAT(answer.copied, ::testing::ElementsAre(std::pair("X-User", "ann"),
                                                    std::pair("Authorization", "Bearer t")));
}

TEST(AuthAnswer, TakesTheClientsOwnCopiesAwayInEverySpelling) {
  AuthAnswer answer;
  answer.copied = {{"X-User", "ann"}};
  for (const AuthAnswer* const told :
       {static_cast<const AuthAnswer*>(nullptr), &std::as_const(answer)}) {
    std::vector<http::Field> fields = {field("X-User", "evil"),        field("x-user", "evil"),
                                       field("X_USER", "evil"),        field("X.User", "evil"),
                                       field("authorization", "evil"), field("Accept", "a")};
    ExternalAuth(settings(), 1).replace_in(fields, told);
    ASSERT_EQ(fields.size(), told == nullptr ? 1u : 2u);
    EXPECT_EQ(fields[0].name, "Accept");
    EXPECT_EQ(fields.back().value, told == nullptr ? "a" : "ann");
  }
}

// ---- With other guards

struct Checked {
  Verdict verdict;
  bool asks = false;
};

Checked check(const config::Guards& config, const AuthAnswer* told,
              const std::string& address = "192.0.2.7") {
  const Guards guards(config, 1);
  AuthAnswers answers;
  if (told != nullptr) {
    answers.add(std::make_shared<const config::ExternalAuth>(*config.external_auth), *told);
  }
  std::string storage;
  OpenQuestion question;
  const Asker asker{.address = address, .answers = &answers};
  const Verdict verdict = guards.check(asker, question, storage);
  return {{verdict.status, verdict.reason}, question.external != nullptr};
}

AuthAnswer told(int status, std::string_view failure = "") {
  AuthAnswer answer;
  answer.status = status;
  answer.failure = failure;
  return answer;
}

TEST(ExternalAuthGuard, LetsPassWhat2xxSaysAndIs500WhereNothingClearIsSaid) {
  config::Guards guards;
  guards.external_auth = settings();
  EXPECT_TRUE(check(guards, nullptr).asks);
  EXPECT_FALSE(check(guards, nullptr).verdict.passes());
  const struct {
    int said;
    int status;
  } rows[] = {{200, 0},   {202, 0},   {204, 0},   {299, 0},   {401, 401}, {403, 403},
              {300, 500}, {302, 500}, {304, 500}, {400, 500}, {402, 500}, {404, 500},
              {429, 500}, {500, 500}, {503, 500}, {999, 500}, {0, 500},   {101, 500}};
  for (const auto& row : rows) {
    const AuthAnswer answer = told(row.said, "auth_timeout");
    const Checked checked = check(guards, &answer);
    EXPECT_EQ(checked.verdict.status, row.status) << row.said;
    EXPECT_FALSE(checked.asks);
  }
}

TEST(ExternalAuthGuard, ATextThatIsNotKnownClosesForEverybody) {
  config::Guards guards;
  guards.external_auth = settings();
  guards.external_auth->target = "/$tomorrow";
  const AuthAnswer yes = told(200);
  EXPECT_EQ(check(guards, &yes).verdict.reason, "unknown_guard");
}

TEST(ExternalAuthGuard, IsNotAskedAboutWhoIsKeptOutAnyway) {
  config::Guards guards;
  guards.external_auth = settings();
  guards.denied = {*config::Network::parse("192.0.2.0/24")};
  EXPECT_EQ(check(guards, nullptr).verdict.status, 403);
  EXPECT_FALSE(check(guards, nullptr).asks);
  EXPECT_TRUE(check(guards, nullptr, "198.51.100.1").asks);
}

TEST(ExternalAuthGuard, WhereAnyIsEnoughAnAddressOrItsWordIs) {
  config::Guards guards;
  guards.external_auth = settings();
  guards.satisfy_any = true;
  guards.allowed = {*config::Network::parse("192.0.2.0/24")};
  EXPECT_TRUE(check(guards, nullptr).verdict.passes());
  EXPECT_TRUE(check(guards, nullptr, "198.51.100.1").asks);
  const AuthAnswer yes = told(200);
  const AuthAnswer no = told(403);
  EXPECT_TRUE(check(guards, &yes, "198.51.100.1").verdict.passes());
  EXPECT_EQ(check(guards, &no, "198.51.100.1").verdict.status, 403);
}

TEST(ExternalAuthGuard, BesideAPasswordBothAreAskedForOrWhereAnyIsEnoughOne) {
  config::Guards guards;
  guards.external_auth = settings();
  guards.basic_auth = config::BasicAuth{"shop", {{"ann", "hash"}}};
  EXPECT_EQ(check(guards, nullptr).verdict.status, 401);
  EXPECT_FALSE(check(guards, nullptr).asks) << "it has shown no password";
  guards.satisfy_any = true;
  EXPECT_TRUE(check(guards, nullptr).asks);
  const AuthAnswer yes = told(200);
  EXPECT_TRUE(check(guards, &yes).verdict.passes());
}

}  // namespace
}  // namespace proxy::policy
