#include "acme/resources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acme/link_header.h"
#include "acme/order_flow.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kOrder = R"({"status": "pending", "expires": "2026-01-02T00:00:00Z",
  "identifiers": [{"type": "dns", "value": "a.test"}],
  "authorizations": ["https://ca.test/authz/1"], "finalize": "https://ca.test/f/1"})";

std::string with(std::string json, const std::string& from, const std::string& to) {
  const auto at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return json.replace(at, from.size(), to);
}

template <class Result>
std::string fault_of(const Result& result) {
  EXPECT_FALSE(result);
  if (result) return "";
  EXPECT_EQ(result.error().kind, base::ErrorKind::protocol);
  return result.error().message;
}

TEST(ParseDirectory, ReadsUrlsAndMeta) {
  const auto directory = acme::parse_directory(R"({
    "newNonce": "https://ca.test/n", "newAccount": "https://ca.test/a",
    "newOrder": "https://ca.test/o", "renewalInfo": "https://ca.test/ari", "xJ3k": 1,
    "meta": {"termsOfService": "https://ca.test/t", "externalAccountRequired": true,
             "caaIdentities": ["ca.test"], "profiles": {"short": "6 days", "odd": 5}}})");
  ASSERT_TRUE(directory) << directory.error().message;
  EXPECT_TRUE(directory->has_renewal_info());
  EXPECT_TRUE(directory->external_account_required);
  EXPECT_EQ(directory->revoke_certificate, "");
  EXPECT_EQ(directory->profiles.at("short"), "6 days");
  EXPECT_THAT(directory->caa_identities, ElementsAre("ca.test"));
}

TEST(ParseDirectory, SaysWhatIsMissingOrWrong) {
  EXPECT_THAT(fault_of(acme::parse_directory("{}")), HasSubstr("has no \"newNonce\""));
  EXPECT_THAT(fault_of(acme::parse_directory("<html>")),
              HasSubstr("is not a JSON object, but 6 other bytes"));
  EXPECT_THAT(fault_of(acme::parse_directory(R"({"newNonce": "http://ca.test/n"})")),
              HasSubstr("not an https URL"));
  EXPECT_THAT(fault_of(acme::parse_directory(R"({"newNonce": 1})")), HasSubstr("not a string"));
}

TEST(ParseOrder, ReadsAPendingOrder) {
  const auto order = acme::parse_order(kOrder, "https://ca.test/order/1");
  ASSERT_TRUE(order) << order.error().message;
  EXPECT_EQ(order->url, "https://ca.test/order/1");
  EXPECT_EQ(order->status, acme::OrderStatus::pending);
  EXPECT_EQ(order->expires, base::WallTime(std::chrono::seconds(1767312000)));
  EXPECT_THAT(order->authorization_urls, ElementsAre("https://ca.test/authz/1"));
}

struct Change {
  const char* from;
  const char* to;
  const char* fault;
};

TEST(ParseOrder, IsStrictAboutTypes) {
  const Change changes[] = {
      {"\"pending\"", "\"curious\"", "has an unknown \"status\""},
      {"\"pending\"", "true", "not a string"},
      {"\"pending\"", "\"valid\"", "has no \"certificate\""},
      {"\"2026-01-02T00:00:00Z\"", "\"tomorrow\"", "not an RFC 3339 time"},
      {"\"2026-01-02T00:00:00Z\"", "5", "not a string"},
      {"[{\"type\": \"dns\", \"value\": \"a.test\"}]", "[]", "has no \"identifiers\""},
      {"[{\"type\": \"dns\", \"value\": \"a.test\"}]", "{}", "not a list"},
      {"[{\"type\": \"dns\", \"value\": \"a.test\"}]", "[7]", "is not a JSON object"},
      {"\"a.test\"", "null", "has no \"value\""},
      {"[\"https://ca.test/authz/1\"]", "[]", "has no \"authorizations\""},
      {"https://ca.test/authz/1", "http://ca.test/authz/1", "not an https URL"},
      {"[\"https://ca.test/authz/1\"]", "[{}]", "not a string"},
      {"https://ca.test/f/1", "ftp://ca.test", "not an https URL"},
      {"\"https://ca.test/f/1\"", "null", "has no \"finalize\""},
      {"\"status\"", "\"error\": \"bad\", \"status\"", "not an object"},
  };
  for (const Change& change : changes) {
    EXPECT_THAT(fault_of(acme::parse_order(with(kOrder, change.from, change.to), "u")),
                HasSubstr(change.fault))
        << change.to;
  }
}

TEST(ParseOrder, IsBounded) {
  std::string many = "[";
  for (int i = 0; i < 1001; ++i) many += "\"https://ca.test/authz/1\",";
  many.back() = ']';
  EXPECT_THAT(fault_of(acme::parse_order(with(kOrder, "[\"https://ca.test/authz/1\"]", many), "u")),
              HasSubstr("more than 1000"));
  EXPECT_THAT(fault_of(acme::parse_order(with(kOrder, "a.test", std::string(9000, 'a')), "u")),
              HasSubstr("more than 8192 bytes"));
}

TEST(ParseOrder, ReadsTheErrorOfAnInvalidOrder) {
  const auto order = acme::parse_order(
      with(kOrder, "\"pending\"",
           R"("invalid", "error": {"type": "urn:ietf:params:acme:error:dns", "status": 400})"),
      "u");
  ASSERT_TRUE(order);
  EXPECT_TRUE(order->error->is("dns"));
  EXPECT_EQ(order->error->status, 400);
}

constexpr const char* kAuthorization = R"({"status": "pending",
  "identifier": {"type": "dns", "value": "a.test"}, "wildcard": false,
  "challenges": [{"type": "dns-01", "url": 5}, {"type": "http-01", "status": "pending",
    "url": "https://ca.test/c/1", "token": "abc_-123"}]})";

TEST(ParseAuthorization, ReadsTheHttpChallengeAndIgnoresStrangeOnes) {
  const auto authorization = acme::parse_authorization(kAuthorization, "u");
  ASSERT_TRUE(authorization) << authorization.error().message;
  ASSERT_EQ(authorization->challenges.size(), 2u);
  EXPECT_EQ(authorization->challenges[0].type, "dns-01");
  EXPECT_EQ(authorization->challenges[1].token, "abc_-123");
}

TEST(ParseDirectory, KeepsLittleOfAServerThatSaysMuch) {
  std::string names;
  for (int i = 0; i < 100; ++i) names += (i == 0 ? "\"" : ",\"") + std::string(8000, 'x') + "\"";
  const auto directory = acme::parse_directory(
      R"({"newNonce": "https://ca.test/n", "newAccount": "https://ca.test/a",
          "newOrder": "https://ca.test/o", "meta": {"caaIdentities": [)" +
      names + "]}}");
  ASSERT_TRUE(directory) << directory.error().message;
  std::size_t bytes = 0;
  for (const std::string& one : directory->caa_identities) bytes += one.size();
  EXPECT_LE(bytes, 5000u);
}

TEST(ParseAuthorization, KeepsLittleOfAServerThatSaysMuch) {
  std::string challenges;
  for (int i = 0; i < 60; ++i) {
    challenges += R"({"type": "t)" + std::to_string(i) + std::string(4000, 'x') + "\"},";
  }
  const auto authorization =
      acme::parse_authorization(with(kAuthorization, R"({"type": "dns-01", "url": 5},)",
                                     challenges + R"({"type": "t0", "url": 5},)"),
                                "u");
  ASSERT_TRUE(authorization) << authorization.error().message;
  std::size_t bytes = 0;
  for (const acme::Challenge& one : authorization->challenges) bytes += one.type.size();
  EXPECT_LE(authorization->challenges.size(), 9u);
  EXPECT_LE(bytes, 1000u);
  EXPECT_EQ(acme::http_challenge(*authorization)->token, "abc_-123") << "whatever stands before it";
}

// RFC 8555 §8.3: what is echoed on port 80 must be checked first.
TEST(ParseAuthorization, RefusesATokenThatIsNotBase64url) {
  for (const char* token : {"", "a/b", "a=", "<script>", "a b", "../../x", "a.b"}) {
    EXPECT_FALSE(acme::parse_authorization(with(kAuthorization, "abc_-123", token), "u")) << token;
  }
  EXPECT_FALSE(
      acme::parse_authorization(with(kAuthorization, "abc_-123", std::string(257, 'a')), "u"));
  EXPECT_TRUE(
      acme::parse_authorization(with(kAuthorization, "abc_-123", std::string(256, 'a')), "u"));
}

TEST(ParseAccount, TakesNullForNoContact) {
  const auto account = acme::parse_account(R"({"status": "valid", "contact": null})", "u");
  ASSERT_TRUE(account) << account.error().message;
  EXPECT_THAT(account->contact, IsEmpty());
}

TEST(IsHttpsUrl, AllowsNothingElse) {
  EXPECT_TRUE(acme::is_https_url("https://ca.test/x?y=z"));
  EXPECT_TRUE(acme::is_https_url("https://127.0.0.1:14000/dir"));
  for (const char* url :
       {"", "https://", "http://ca.test", "HTTPS://ca.test", "https:///x", "https://ca.test/a b",
        "https://ca.test/\xc3\xa4", "ca.test", "https://ca.test/\r\nX: y", "file:///etc/passwd"}) {
    EXPECT_FALSE(acme::is_https_url(url)) << url;
  }
  EXPECT_FALSE(acme::is_https_url("https://ca.test/" + std::string(3000, 'a')));
}

TEST(NameOf, SpeaksTheWordsOfTheRfc) {
  EXPECT_EQ(acme::name_of(acme::OrderStatus::processing), "processing");
  EXPECT_EQ(acme::name_of(acme::AuthorizationStatus::deactivated), "deactivated");
  EXPECT_EQ(acme::name_of(acme::ChallengeStatus::invalid), "invalid");
  EXPECT_EQ(acme::name_of(acme::AccountStatus::revoked), "revoked");
}

struct LinkRow {
  std::vector<std::string> fields;
  std::vector<std::string> urls;
};

TEST(LinkedUrls, UnderstandsTheFormsOfRfc8288) {
  const LinkRow rows[] = {
      {{R"(<https://ca.test/1>;rel="alternate")"}, {"https://ca.test/1"}},
      {{R"(<https://ca.test/1>; rel=alternate)"}, {"https://ca.test/1"}},
      {{R"(<https://ca.test/1>;title="a, \"b\"; c";REL="index Alternate")"}, {"https://ca.test/1"}},
      {{R"(<https://ca.test/d>;rel="index", <https://ca.test/1>;rel="alternate")",
        R"(<https://ca.test/2>;rel="alternate")"},
       {"https://ca.test/1", "https://ca.test/2"}},
      {{R"(<https://ca.test/1>;rel="up")"}, {}},
      {{R"(<http://ca.test/1>;rel="alternate")"}, {}},
      {{R"(</relative>;rel="alternate")"}, {}},
      {{"<", ">", "><", "", ",,,;;;", "<https://ca.test/1", R"(<https://ca.test/1>;rel=")"}, {}},
  };
  for (const LinkRow& row : rows) {
    base::HttpHeaders headers;
    for (const std::string& field : row.fields) headers.emplace("link", field);
    EXPECT_EQ(acme::linked_urls(headers, "alternate"), row.urls) << row.fields.front();
  }
}

}  // namespace
