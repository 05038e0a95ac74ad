#include "acme/order_flow.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acme/csr.h"
#include "base/x509.h"

namespace {

using acme::AuthorizationStatus;
using acme::ChallengeStatus;
using acme::OrderStatus;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Eq;
using testing::HasSubstr;
using testing::Not;

acme::Authorization authorization_of(const std::string& host,
                                     AuthorizationStatus status = AuthorizationStatus::pending,
                                     ChallengeStatus challenge_status = ChallengeStatus::pending) {
  acme::Authorization authorization;
  authorization.url = "https://ca.test/authz/" + host;
  authorization.identifier = {"dns", host};
  authorization.status = status;
  authorization.challenges = {
      {"dns-01", "", ChallengeStatus::pending, "", {}},
      {"http-01", "https://ca.test/c/" + host, challenge_status, "token-" + host, {}}};
  return authorization;
}

acme::Problem problem_of(const std::string& type, const std::string& detail) {
  acme::Problem problem;
  problem.type = "urn:ietf:params:acme:error:" + type;
  problem.detail = detail;
  return problem;
}

class NextStep : public testing::Test {
 protected:
  acme::Step next(OrderStatus status, const std::vector<acme::Authorization>& authorizations) {
    order_.status = status;
    if (order_.identifiers.empty()) {
      for (const auto& one : authorizations) {
        order_.identifiers.push_back({"dns", (one.is_wildcard ? "*." : "") + one.identifier.value});
      }
    }
    acme::Progress progress;
    progress.is_published = [this](const auto& one) {
      return published_.count(one.identifier.value) != 0;
    };
    progress.is_answered = [this](const auto& one) {
      return answered_.count(one.identifier.value) != 0;
    };
    progress.polls = polls_;
    progress.retry_after = retry_after_;
    return acme::next_step(order_, authorizations, progress);
  }

  template <class T>
  T expect(const acme::Step& step) {
    const T* found = std::get_if<T>(&step);
    EXPECT_NE(found, nullptr) << "the step is variant " << step.index();
    return found == nullptr ? T{} : *found;
  }

  acme::Order order_;
  std::set<std::string> published_, answered_;
  int polls_ = 0;
  std::optional<seconds> retry_after_;
};

TEST_F(NextStep, PublishesAllMissingTokensAtOnce) {
  const auto publish = expect<acme::Publish>(
      next(OrderStatus::pending, {authorization_of("a"), authorization_of("b")}));
  ASSERT_EQ(publish.challenges.size(), 2u);
  EXPECT_EQ(publish.challenges[1].token, "token-b");
  EXPECT_EQ(publish.challenges[1].challenge_url, "https://ca.test/c/b");
}

// Whoever names the server would else have us prove hosts of others.
TEST_F(NextStep, FailsAtAnAuthorizationOfANameThatTheOrderIsNotFor) {
  order_.identifiers = {{"dns", "a"}};
  const auto fail = expect<acme::Fail>(
      next(OrderStatus::pending, {authorization_of("a"), authorization_of("victim")}));
  EXPECT_EQ(fail.error_class, acme::ErrorClass::protocol);
  EXPECT_THAT(fail.reason, HasSubstr("victim"));
}

// Answering before the token is reachable burns the authorization.
TEST_F(NextStep, AnswersNothingWhileATokenIsNotReachable) {
  published_ = {"a"};
  const auto publish = expect<acme::Publish>(
      next(OrderStatus::pending, {authorization_of("a"), authorization_of("b")}));
  ASSERT_EQ(publish.challenges.size(), 1u);
  EXPECT_EQ(publish.challenges[0].identifier.value, "b");
}

TEST_F(NextStep, AnswersOneChallengeAtATime) {
  published_ = {"a", "b"};
  const std::vector authorizations = {authorization_of("a"), authorization_of("b")};
  EXPECT_EQ(expect<acme::AnswerChallenge>(next(OrderStatus::pending, authorizations))
                .challenge.identifier.value,
            "a");
  answered_ = {"a"};
  EXPECT_EQ(expect<acme::AnswerChallenge>(next(OrderStatus::pending, authorizations))
                .challenge.identifier.value,
            "b");
}

TEST_F(NextStep, NeverAnswersAChallengeTwice) {
  published_ = answered_ = {"a"};
  const auto wait = expect<acme::Wait>(next(OrderStatus::pending, {authorization_of("a")}));
  EXPECT_THAT(wait.what_for, HasSubstr("validate a"));
}

TEST_F(NextStep, WaitsForAChallengeThatIsProcessing) {
  expect<acme::Wait>(next(OrderStatus::pending, {authorization_of("a", AuthorizationStatus::pending,
                                                                  ChallengeStatus::processing)}));
}

TEST_F(NextStep, ReusesWhatIsAlreadyValid) {
  const auto publish = expect<acme::Publish>(
      next(OrderStatus::pending,
           {authorization_of("a", AuthorizationStatus::valid), authorization_of("b")}));
  ASSERT_EQ(publish.challenges.size(), 1u);
  EXPECT_EQ(publish.challenges[0].identifier.value, "b");
}

TEST_F(NextStep, WaitsWhileAllIsValidButTheOrderIsNotReady) {
  const auto wait = expect<acme::Wait>(
      next(OrderStatus::pending, {authorization_of("a", AuthorizationStatus::valid)}));
  EXPECT_THAT(wait.what_for, HasSubstr("make the order ready"));
}

TEST_F(NextStep, FollowsTheOrderToItsCertificate) {
  expect<acme::Finalize>(next(OrderStatus::ready, {}));
  EXPECT_THAT(expect<acme::Wait>(next(OrderStatus::processing, {})).what_for,
              HasSubstr("issue the certificate"));
  order_.certificate_url = "https://ca.test/cert/1";
  EXPECT_EQ(expect<acme::Download>(next(OrderStatus::valid, {})).certificate_url,
            "https://ca.test/cert/1");
}

TEST_F(NextStep, FailsWithTheServersWordsAndTheName) {
  auto failed = authorization_of("a.test", AuthorizationStatus::invalid, ChallengeStatus::invalid);
  failed.challenges[1].error = problem_of("dns", "NXDOMAIN");
  for (const OrderStatus status : {OrderStatus::pending, OrderStatus::invalid}) {
    order_.error = problem_of("unauthorized", "some authorization failed");
    const auto fail = expect<acme::Fail>(next(status, {authorization_of("b.test"), failed}));
    EXPECT_EQ(fail.reason, "the server could not validate a.test: dns: NXDOMAIN");
    EXPECT_EQ(fail.error_class, acme::ErrorClass::dns);
    EXPECT_TRUE(fail.problem->is("dns"));
  }
}

TEST_F(NextStep, FailsWithTheOrdersOwnErrorWhenNoNameFailed) {
  order_.error = problem_of("badCSR", "weak key");
  const auto fail = expect<acme::Fail>(
      next(OrderStatus::invalid, {authorization_of("a", AuthorizationStatus::valid)}));
  EXPECT_EQ(fail.reason, "the server refused the order: badCSR: weak key");
  EXPECT_EQ(fail.error_class, acme::ErrorClass::bad_csr);
}

TEST_F(NextStep, FailsWhenAnOrderIsInvalidWithoutAReason) {
  EXPECT_THAT(expect<acme::Fail>(next(OrderStatus::invalid, {})).reason,
              HasSubstr("a new order is needed"));
}

TEST_F(NextStep, FailsForAnAuthorizationThatIsGone) {
  for (const auto& [status, word] : {std::pair(AuthorizationStatus::expired, "expired"),
                                     std::pair(AuthorizationStatus::deactivated, "deactivated"),
                                     std::pair(AuthorizationStatus::revoked, "revoked")}) {
    const auto fail =
        expect<acme::Fail>(next(OrderStatus::pending, {authorization_of("a", status)}));
    EXPECT_THAT(fail.reason, HasSubstr(word));
    EXPECT_THAT(fail.reason, HasSubstr("a new order is needed"));
  }
}

TEST_F(NextStep, FailsWhenHttp01IsNotOffered) {
  auto authorization = authorization_of("a.test");
  authorization.challenges.pop_back();
  authorization.is_wildcard = true;
  const auto fail = expect<acme::Fail>(next(OrderStatus::pending, {authorization}));
  EXPECT_THAT(fail.reason, HasSubstr("no http-01 challenge for *.a.test (offered: dns-01)"));
  EXPECT_EQ(fail.error_class, acme::ErrorClass::rejected_identifier);
}

TEST_F(NextStep, FailsBeforeItPublishesWhenAnotherNameIsLost) {
  expect<acme::Fail>(
      next(OrderStatus::pending,
           {authorization_of("a"), authorization_of("b", AuthorizationStatus::expired)}));
}

TEST_F(NextStep, WaitsAsLongAsTheServerAsks) {
  retry_after_ = seconds(7);
  EXPECT_EQ(expect<acme::Wait>(next(OrderStatus::processing, {})).delay, seconds(7));
}

TEST(PollDelay, DoublesFrom50MillisecondsTo5Seconds) {
  const milliseconds expected[] = {milliseconds(50),   milliseconds(100),  milliseconds(200),
                                   milliseconds(400),  milliseconds(800),  milliseconds(1600),
                                   milliseconds(3200), milliseconds(5000), milliseconds(5000)};
  for (int polls = 0; polls < 9; ++polls) {
    EXPECT_EQ(acme::poll_delay(polls, {}), expected[polls]) << polls;
  }
  EXPECT_EQ(acme::poll_delay(-1, {}), milliseconds(50));
  EXPECT_EQ(acme::poll_delay(63, {}), seconds(5));
  EXPECT_EQ(acme::poll_delay(64, {}), seconds(30)) << "after some five minutes";
  EXPECT_EQ(acme::poll_delay(1'000'000, {}), seconds(30));
}

TEST(PollDelay, HoldsRetryAfterWithinReason) {
  EXPECT_EQ(acme::poll_delay(0, seconds(0)), seconds(1));
  EXPECT_EQ(acme::poll_delay(3, seconds(2)), seconds(2));
  EXPECT_EQ(acme::poll_delay(9, seconds(2)), seconds(5)) << "it is a minimum";
  EXPECT_EQ(acme::poll_delay(1'000, seconds(0)), seconds(30));
  EXPECT_EQ(acme::poll_delay(0, seconds(86'400)), std::chrono::minutes(5));
}

TEST(CheckIdentifiers, AcceptsWhatHttp01CanProve) {
  EXPECT_TRUE(acme::check_identifiers(
      {{"dns", "a.test"}, {"dns", "xn--bcher-kva.test"}, {"ip", "2001:db8::1"}}));
}

TEST(CheckIdentifiers, NamesTheBadOneAndSaysWhatToDo) {
  const auto fault = [](const acme::Identifier& identifier) {
    const auto status = acme::check_identifiers({{"dns", "good.test"}, identifier});
    return status ? std::string("accepted") : status.error().message;
  };
  EXPECT_THAT(fault({"dns", "*.a.test"}), HasSubstr("\"*.a.test\" is a wildcard"));
  EXPECT_THAT(fault({"dns", "*.a.test"}), HasSubstr("list the host names one by one"));
  EXPECT_THAT(fault({"dns", ""}), HasSubstr("not a host name"));
  EXPECT_THAT(fault({"dns",
                     "b\xc3\xbc"
                     "cher.test"}),
              HasSubstr("xn--"));
  EXPECT_THAT(fault({"dns", "a..test"}), HasSubstr("not a host name"));
  EXPECT_THAT(fault({"dns", "a.test/x"}), HasSubstr("not a host name"));
  EXPECT_THAT(fault({"email", "a@a.test"}), HasSubstr("only DNS names and IP addresses"));
  EXPECT_THAT(fault({"dns", "10.0.0.1"}), HasSubstr("is an IP address"));
  EXPECT_THAT(fault({"dns", "2001:db8::1"}), HasSubstr("is an IP address"));
  EXPECT_THAT(fault({"dns", "a.test."}), HasSubstr("ends with a dot"));
  EXPECT_THAT(fault({"ip", "10.0.0.999"}), HasSubstr("is not an IP address"));
  EXPECT_THAT(fault({"ip", ""}), HasSubstr("is not an IP address"));
  EXPECT_THAT(fault({"dns", std::string(64, 'a') + ".test"}), HasSubstr("more than 63"));
  EXPECT_THAT(fault({"dns", std::string(63, 'a') + ".test"}), Eq("accepted"));
  EXPECT_THAT(fault({"dns", std::string(200, 'a').replace(60, 1, ".").replace(120, 1, ".") + "." +
                                std::string(60, 'b')}),
              Not(Eq("accepted")));
  EXPECT_FALSE(acme::check_identifiers({}));
}

TEST(CheckIdentifiers, TakesNoMoreNamesThanServersDo) {
  std::vector<acme::Identifier> names;
  for (int i = 0; i < 100; ++i) names.push_back({"dns", std::to_string(i) + ".test"});
  EXPECT_TRUE(acme::check_identifiers(names));
  names.push_back({"ip", "10.0.0.1"});
  const auto status = acme::check_identifiers(names);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("101 names are given"));
  EXPECT_THAT(status.error().message, HasSubstr("at most 100"));
}

TEST(IsStepBack, AnOrderMovesForwardOnly) {
  using acme::OrderStatus;
  const OrderStatus way[] = {OrderStatus::pending, OrderStatus::ready, OrderStatus::processing,
                             OrderStatus::valid};
  for (std::size_t from = 0; from < std::size(way); ++from) {
    for (std::size_t to = 0; to < std::size(way); ++to) {
      EXPECT_EQ(acme::is_step_back(way[from], way[to]), to < from) << from << " to " << to;
    }
    EXPECT_FALSE(acme::is_step_back(way[from], OrderStatus::invalid));
    EXPECT_EQ(acme::is_step_back(OrderStatus::invalid, way[from]), way[from] != OrderStatus::valid);
  }
}

TEST(MakeOrderCsr, RefusesTheAccountsOwnKey) {
  const auto key = base::PrivateKey::generate({}).value();
  const auto account_key = acme::AccountKey::from(key).value();
  const auto csr = acme::make_order_csr(key, {{"dns", "a.test"}}, account_key);
  ASSERT_FALSE(csr);
  EXPECT_THAT(csr.error().message, HasSubstr("account's own key"));
  EXPECT_TRUE(acme::make_order_csr(base::PrivateKey::generate({}).value(), {{"dns", "a.test"}},
                                   account_key));
}

}  // namespace
