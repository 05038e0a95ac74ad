#include "tests/fakes/acme_server/acme_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "acme/jws.h"
#include "base/base64url.h"
#include "tests/fakes/clock.h"

// A fake that lets mistakes pass would make every test on top of it worthless: here each rule is
// broken once, by hand, and must be noticed.
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class StrictAcmeServer : public testing::Test {
 protected:
  static acme::AccountKey make_key() {
    return acme::AccountKey::from(base::PrivateKey::generate({}).value()).value();
  }

  base::HttpResponse send(base::HttpRequest request) {
    request.headers.emplace("User-Agent", "test");
    return server_.send(request, {}).value();
  }

  std::string nonce() {
    base::HttpRequest request;
    request.method = "HEAD";
    request.url = "https://ca.test/new-nonce";
    return send(request).header("replay-nonce").value();
  }

  base::HttpResponse post(const std::string& url, const std::string& body) {
    base::HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.headers.emplace("Content-Type", "application/jose+json");
    request.body = body;
    return send(request);
  }

  base::HttpResponse post_signed(const std::string& url, const std::string& account,
                                 const std::string& payload) {
    return post(url, acme::sign_request(key_, {url, nonce(), account, payload}).value());
  }

  std::string register_account() {
    return post_signed("https://ca.test/new-acct", "", "{}").header("location").value();
  }

  void expect_violation(const base::HttpResponse& response, const std::string& rule) {
    EXPECT_GE(response.status, 400) << response.body;
    EXPECT_THAT(server_.violations(), Contains(HasSubstr(rule)));
  }

  fakes::FakeClock clock_;
  fakes::AcmeServer server_{clock_, {}};
  const acme::AccountKey key_ = make_key();
};

TEST_F(StrictAcmeServer, AcceptsACorrectRequestWithoutAComplaint) {
  EXPECT_THAT(register_account(), HasSubstr("https://ca.test/acct/"));
  EXPECT_THAT(server_.violations(), IsEmpty());
}

TEST_F(StrictAcmeServer, NoticesAMissingUserAgent) {
  base::HttpRequest request;
  request.url = server_.directory_url();
  expect_violation(server_.send(request, {}).value(), "without User-Agent");
}

TEST_F(StrictAcmeServer, NoticesAnotherContentType) {
  base::HttpRequest request;
  request.method = "POST";
  request.url = "https://ca.test/new-acct";
  request.headers.emplace("Content-Type", "application/json");
  expect_violation(send(request), "jose+json");
}

TEST_F(StrictAcmeServer, NoticesANonceThatIsUsedTwice) {
  const std::string url = "https://ca.test/new-acct";
  const std::string body = acme::sign_request(key_, {url, nonce(), "", "{}"}).value();
  EXPECT_EQ(post(url, body).status, 201);
  const auto again = post(url, body);
  expect_violation(again, "used before");
  EXPECT_THAT(again.body, HasSubstr("badNonce"));
}

TEST_F(StrictAcmeServer, NoticesAnotherUrlInTheSignature) {
  const auto body =
      acme::sign_request(key_, {"https://ca.test/new-order", nonce(), "", "{}"}).value();
  expect_violation(post("https://ca.test/new-acct", body), "another url");
}

TEST_F(StrictAcmeServer, NoticesAChangedPayload) {
  const std::string url = "https://ca.test/new-acct";
  json jws = json::parse(acme::sign_request(key_, {url, nonce(), "", "{}"}).value());
  jws["payload"] = base::base64url_encode("{\"contact\":[]}");
  expect_violation(post(url, jws.dump()), "wrong signature");
}

TEST_F(StrictAcmeServer, NoticesTheSignatureOfAnotherKey) {
  const std::string account = register_account();
  const auto body = acme::sign_request(make_key(), {account, nonce(), account, ""}).value();
  expect_violation(post(account, body), "wrong signature");
}

TEST_F(StrictAcmeServer, NoticesKidWhereJwkBelongsAndTheReverse) {
  const std::string account = register_account();
  expect_violation(post_signed("https://ca.test/new-acct", account, "{}"), "newAccount needs jwk");
  expect_violation(post_signed("https://ca.test/new-order", "", "{}"), "newOrder needs kid");
}

TEST_F(StrictAcmeServer, NoticesAnUnprotectedHeader) {
  const std::string url = "https://ca.test/new-acct";
  json jws = json::parse(acme::sign_request(key_, {url, nonce(), "", "{}"}).value());
  jws["header"] = json::object();
  expect_violation(post(url, jws.dump()), "a member \"header\"");
}

TEST_F(StrictAcmeServer, NoticesPaddingInBase64) {
  const std::string url = "https://ca.test/new-acct";
  json jws = json::parse(acme::sign_request(key_, {url, nonce(), "", "{}"}).value());
  jws["payload"] = "e30=";
  expect_violation(post(url, jws.dump()), "not base64url");
}

TEST_F(StrictAcmeServer, NoticesAPayloadInAPostAsGet) {
  const std::string account = register_account();
  const auto order = post_signed("https://ca.test/new-order", account,
                                 R"({"identifiers": [{"type": "dns", "value": "a.test"}]})");
  ASSERT_EQ(order.status, 201);
  expect_violation(post_signed(order.header("location").value(), account, "{}"),
                   "POST-as-GET with a payload");
}

TEST_F(StrictAcmeServer, NoticesAChallengeResponseThatIsNotTheEmptyObject) {
  const std::string account = register_account();
  const auto order = post_signed("https://ca.test/new-order", account,
                                 R"({"identifiers": [{"type": "dns", "value": "a.test"}]})");
  const std::string authorization = json::parse(order.body)["authorizations"][0];
  const json read = json::parse(post_signed(authorization, account, "").body);
  const std::string challenge = read["challenges"].back()["url"];
  expect_violation(post_signed(challenge, account, ""), "not {}");
}

TEST_F(StrictAcmeServer, NoticesAPlainGetOfAResource) {
  const std::string account = register_account();
  base::HttpRequest request;
  request.url = account;
  expect_violation(send(request), "a GET of account");
}

TEST_F(StrictAcmeServer, NoticesAUrlThatItNeverGave) {
  base::HttpRequest request;
  request.url = "https://ca.test/guessed";
  expect_violation(send(request), "unknown URL");
}

}  // namespace
