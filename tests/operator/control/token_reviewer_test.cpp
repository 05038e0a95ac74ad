#include "operator/control/token_reviewer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "tests/fakes/clock.h"
#include "tests/fakes/transport.h"

namespace control {
namespace {

using testing::HasSubstr;

constexpr const char* kUrl = "https://k8s.test/apis/authentication.k8s.io/v1/tokenreviews";
constexpr const char* kUser = "system:serviceaccount:gatehouse-system:gatehouse-proxy";

class TokenReviewerTest : public testing::Test {
 protected:
  TokenReviewerTest() : transport_(std::make_shared<fakes::FakeTransport>()) {
    client_ = std::make_unique<kube::Client>(transport_, "https://k8s.test",
                                             kube::fixed_token("operator"), clock_);
    TokenReviewer::Options options;
    options.service_account = {"gatehouse-system", "gatehouse-proxy"};
    reviewer_ = std::make_unique<TokenReviewer>(*client_, clock_, options);
  }

  fakes::FakeTransport::Expectation& expect_review() { return transport_->expect("POST", kUrl); }

  void answer_review(const std::string& user, std::vector<std::string> audiences,
                     bool authenticated = true, const std::string& pod = "") {
    nlohmann::json answer = {{"apiVersion", "authentication.k8s.io/v1"},
                             {"kind", "TokenReview"},
                             {"status",
                              {{"authenticated", authenticated},
                               {"user", {{"username", user}}},
                               {"audiences", audiences}}}};
    if (!pod.empty()) {
      answer["status"]["user"]["extra"]["authentication.kubernetes.io/pod-name"] = {pod};
    }
    expect_review().answer(201, answer.dump());
  }

  fakes::FakeClock clock_;
  std::shared_ptr<fakes::FakeTransport> transport_;
  std::unique_ptr<kube::Client> client_;
  std::unique_ptr<TokenReviewer> reviewer_;
};

TEST_F(TokenReviewerTest, TheAllowedAccountMayAskAndIsNamedByItsPod) {
  expect_review()
      .with_body([](const std::string& body) {
        const auto review = nlohmann::json::parse(body);
        return review["spec"]["token"] == "t" &&
               review["spec"]["audiences"] == nlohmann::json({"gatehouse-control"});
      })
      .answer(201, R"({"status": {"authenticated": true, "audiences": ["gatehouse-control"],
        "user": {"username": "system:serviceaccount:gatehouse-system:gatehouse-proxy",
        "extra": {"authentication.kubernetes.io/pod-name": ["gatehouse-proxy-x"]}}}})");
  const Verdict verdict = reviewer_->check("t", {});
  EXPECT_TRUE(verdict.is_allowed());
  EXPECT_EQ(verdict.proxy, "gatehouse-proxy-x");
}

TEST_F(TokenReviewerTest, ATokenThatTheApiServerDoesNotVouchForIs401) {
  answer_review(kUser, {"gatehouse-control"}, false);
  EXPECT_EQ(reviewer_->check("t", {}).status, 401);
}

TEST_F(TokenReviewerTest, ATokenForAnotherAudienceIs401) {
  answer_review(kUser, {"https://kubernetes.default.svc"});
  EXPECT_EQ(reviewer_->check("t", {}).status, 401);
  // An API server that does not know audiences says nothing about them.
  answer_review(kUser, {});
  EXPECT_EQ(reviewer_->check("u", {}).status, 401);
}

TEST_F(TokenReviewerTest, AnotherAccountIs403) {
  answer_review("system:serviceaccount:shop:gatehouse-proxy", {"gatehouse-control"});
  const Verdict verdict = reviewer_->check("t", {});
  EXPECT_EQ(verdict.status, 403);
  EXPECT_THAT(verdict.problem, HasSubstr("gatehouse-system/gatehouse-proxy"));
}

TEST_F(TokenReviewerTest, AnApiServerThatCannotBeAskedIs503AndAskedAgain) {
  expect_review().fail({base::ErrorKind::unavailable, "no route"});
  EXPECT_EQ(reviewer_->check("t", {}).status, 503);
  answer_review(kUser, {"gatehouse-control"});
  EXPECT_TRUE(reviewer_->check("t", {}).is_allowed());
}

TEST_F(TokenReviewerTest, AnAnswerThatIsNoReviewIsNoEntry) {
  expect_review().answer(201, "{}");
  EXPECT_EQ(reviewer_->check("t", {}).status, 401);
}

TEST_F(TokenReviewerTest, AVerdictIsRememberedForAMinuteAndNoLonger) {
  answer_review(kUser, {"gatehouse-control"});
  reviewer_->check("t", {});
  clock_.advance(std::chrono::seconds(59));
  EXPECT_TRUE(reviewer_->check("t", {}).is_allowed());
  ASSERT_TRUE(reviewer_->remembered("t"));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_FALSE(reviewer_->remembered("t"));
  // And then the API server's silence is a closed door.
  expect_review().fail({base::ErrorKind::unavailable, "no route"});
  EXPECT_EQ(reviewer_->check("t", {}).status, 503);
}

TEST_F(TokenReviewerTest, WhoGoesOnAskingIsAskedAboutAgainBeforeItsVerdictEnds) {
  answer_review(kUser, {"gatehouse-control"});
  reviewer_->check("t", {});
  EXPECT_GT(reviewer_->renew_one({}), clock_.steady_now()) << "not yet";
  for (int minute = 0; minute < 5; ++minute) {
    clock_.advance(std::chrono::seconds(40));
    answer_review(kUser, {"gatehouse-control"});
    reviewer_->renew_one({});
    EXPECT_GT(reviewer_->renew_one({}), clock_.steady_now()) << "there is no other";
    clock_.advance(std::chrono::seconds(19));
    EXPECT_TRUE(reviewer_->remembered("t")) << "it never waits";
  }
}

TEST_F(TokenReviewerTest, WhoIsVouchedForNoMoreIsRefusedWhenThatIsKnown) {
  answer_review(kUser, {"gatehouse-control"});
  reviewer_->check("t", {});
  clock_.advance(std::chrono::seconds(40));
  answer_review(kUser, {"gatehouse-control"}, false);
  reviewer_->renew_one({});
  EXPECT_EQ(reviewer_->remembered("t")->status, 401);
}

TEST_F(TokenReviewerTest, WhileTheApiServerIsSilentARenewalIsTriedAgainUntilTheVerdictEnds) {
  answer_review(kUser, {"gatehouse-control"});
  reviewer_->check("t", {});
  clock_.advance(std::chrono::seconds(40));
  for (int i = 0; i < 4; ++i) {
    expect_review().fail({base::ErrorKind::unavailable, "no route"});
    reviewer_->renew_one({});
    EXPECT_EQ(reviewer_->renew_one({}), clock_.steady_now() + std::chrono::seconds(5));
    EXPECT_TRUE(reviewer_->remembered("t"));
    clock_.advance(std::chrono::seconds(5));
  }
  EXPECT_FALSE(reviewer_->remembered("t"));
  reviewer_->renew_one({});  // asks nothing
}

TEST_F(TokenReviewerTest, WhoAsksNoMoreIsForgotten) {
  answer_review(kUser, {"gatehouse-control"});
  reviewer_->check("t", {});
  for (int i = 0; i < 3; ++i) {
    clock_.advance(std::chrono::seconds(40));
    answer_review(kUser, {"gatehouse-control"});
    reviewer_->renew_one({});
  }
  clock_.advance(std::chrono::seconds(40));
  reviewer_->renew_one({});  // asks nothing: the strict fake would fail
  clock_.advance(std::chrono::seconds(20));
  EXPECT_FALSE(reviewer_->remembered("t"));
}

TEST_F(TokenReviewerTest, WhoComesBackAfterItsVerdictEndedIsRenewedAgain) {
  answer_review(kUser, {"gatehouse-control"});
  reviewer_->check("t", {});
  clock_.advance(std::chrono::seconds(300));
  answer_review(kUser, {"gatehouse-control"});
  reviewer_->check("t", {});
  clock_.advance(std::chrono::seconds(40));
  answer_review(kUser, {"gatehouse-control"});
  reviewer_->renew_one({});
  clock_.advance(std::chrono::seconds(59));
  EXPECT_TRUE(reviewer_->remembered("t"));
}

// ---- What a token says itself

std::string jwt(const nlohmann::json& payload, const std::string& algorithm = "RS256",
                const std::string& signature = "c2lnbmF0dXJl") {
  const nlohmann::json header = {{"alg", algorithm}, {"kid", "k"}};
  return base::base64url_encode(header.dump()) + "." + base::base64url_encode(payload.dump()) +
         "." + signature;
}

class UnverifiedClaims : public TokenReviewerTest {
 protected:
  nlohmann::json good() const {
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch());
    return {{"iss", "https://kubernetes.default.svc"},
            {"sub", kUser},
            {"aud", {"gatehouse-control"}},
            {"exp", now.count() + 3600}};
  }
  nlohmann::json with(const char* name, nlohmann::json value) const {
    nlohmann::json payload = good();
    payload[name] = std::move(value);
    return payload;
  }
  nlohmann::json without(const char* name) const {
    nlohmann::json payload = good();
    payload.erase(name);
    return payload;
  }
};

// The strict fake fails on each request, so none of these is one.
TEST_F(UnverifiedClaims, ATokenThatIsNotForUsIsRefusedWithoutAQuestion) {
  const struct {
    const char* name;
    std::string token;
    int status;
  } cases[] = {
      {"three parts of nothing", "..", 401},
      {"three parts of letters", "a.b.c", 401},
      {"not base64url", "e30=.e30.c2ln", 401},
      {"not JSON", "YWJj.YWJj.YWJj", 401},
      {"an array", "W10.W10.c2ln", 401},
      {"not signed", jwt(good(), "none", ""), 401},
      {"algorithm none", jwt(good(), "none"), 401},
      {"no algorithm", jwt(good(), ""), 401},
      {"an empty signature", jwt(good(), "RS256", ""), 401},
      {"no issuer", jwt(without("iss")), 401},
      {"no subject", jwt(without("sub")), 401},
      {"no audience", jwt(without("aud")), 401},
      {"no end", jwt(without("exp")), 401},
      {"another audience", jwt(with("aud", {"https://kubernetes.default.svc"})), 401},
      {"an audience that is a number", jwt(with("aud", 7)), 401},
      {"expired", jwt(with("exp", 1'000'000)), 401},
      {"an end before time", jwt(with("exp", -1)), 401},
      {"an end beyond time", jwt(with("exp", 1e300)), 401},
      {"an end that is text", jwt(with("exp", "tomorrow")), 401},
      {"another account", jwt(with("sub", "system:serviceaccount:shop:gatehouse-proxy")), 403},
      {"a subject that is a list", jwt(with("sub", {kUser})), 401},
      {"a payload nested deeply",
       "eyJhbGciOiJSUzI1NiJ9." + base::base64url_encode(std::string(9'000, '[')) + ".c2ln", 401},
      {"a list nested deeply in the audience",
       "eyJhbGciOiJSUzI1NiJ9." +
           base::base64url_encode(R"({"aud":)" + std::string(4'000, '[') + std::string(4'000, ']') +
                                  "}") +
           ".c2ln",
       401},
  };
  for (const auto& one : cases) {
    const auto verdict = reviewer_->remembered(one.token);
    ASSERT_TRUE(verdict) << one.name;
    EXPECT_EQ(verdict->status, one.status) << one.name;
    EXPECT_EQ(reviewer_->check(one.token, {}).status, one.status) << one.name;
  }
}

TEST_F(UnverifiedClaims, ATokenThatMayBeForUsIsAskedAboutAndNeverAdmittedByItself) {
  for (const auto& payload :
       {good(), with("aud", "gatehouse-control"), with("aud", {"other", "gatehouse-control"})}) {
    const std::string token = jwt(payload);
    EXPECT_FALSE(reviewer_->remembered(token));
    answer_review(kUser, {"gatehouse-control"}, false);
    EXPECT_EQ(reviewer_->check(token, {}).status, 401);
    clock_.advance(std::chrono::seconds(10));
  }
}

TEST_F(UnverifiedClaims, OneOfAnotherMakeThanTheClustersIsRefusedWithoutAQuestion) {
  // Before anything is known an API server may vouch for anything, by a webhook.
  EXPECT_FALSE(reviewer_->remembered("opaque"));
  answer_review(kUser, {"gatehouse-control"});
  EXPECT_TRUE(reviewer_->check(jwt(good()), {}).is_allowed());
  EXPECT_EQ(reviewer_->remembered("opaque")->status, 401);

  TokenReviewer::Options options;
  options.service_account = {"gatehouse-system", "gatehouse-proxy"};
  options.tokens_are_jwts = true;  // as our own is
  TokenReviewer informed(*client_, clock_, options);
  EXPECT_EQ(informed.remembered("opaque")->status, 401);
}

TEST_F(TokenReviewerTest, ARefusalIsRememberedForAMoment) {
  answer_review(kUser, {"gatehouse-control"}, false);
  reviewer_->check("t", {});
  EXPECT_EQ(reviewer_->check("t", {}).status, 401);
  clock_.advance(std::chrono::seconds(5));
  answer_review(kUser, {"gatehouse-control"});
  EXPECT_TRUE(reviewer_->check("t", {}).is_allowed());
}

TEST_F(TokenReviewerTest, WhoeverTriesManyTokensDoesNotMakeItForgetTheAllowedOnes) {
  TokenReviewer::Options options;
  options.service_account = {"gatehouse-system", "gatehouse-proxy"};
  options.remembered_max = 4;
  TokenReviewer reviewer(*client_, clock_, options);
  answer_review(kUser, {"gatehouse-control"});
  ASSERT_TRUE(reviewer.check("proxy", {}).is_allowed());
  for (int i = 0; i < 10; ++i) {
    answer_review("stranger", {"gatehouse-control"}, false);
    EXPECT_EQ(reviewer.check("guess " + std::to_string(i), {}).status, 401);
  }
  EXPECT_TRUE(reviewer.remembered("proxy"));
}

}  // namespace
}  // namespace control
