#include "operator/control/token_reviewer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

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
