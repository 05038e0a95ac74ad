#include "acme/problem.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acme/error.h"
#include "acme/text.h"

namespace {

using acme::ErrorClass;
using acme::Problem;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kType = "application/problem+json";

Problem problem_of(const std::string& type) {
  Problem problem;
  problem.type = "urn:ietf:params:acme:error:" + type;
  return problem;
}

TEST(ParseProblem, ReadsAWholeDocument) {
  const Problem problem = acme::parse_problem(403, "application/problem+json; charset=utf-8", R"({
    "type": "urn:ietf:params:acme:error:userActionRequired", "detail": "Terms have changed",
    "instance": "https://ca.test/terms", "status": 200, "unknown": [1],
    "subproblems": [{"type": "urn:ietf:params:acme:error:caa", "detail": "no",
                     "identifier": {"type": "dns", "value": "a.test"}}]})");
  EXPECT_EQ(problem.short_type(), "userActionRequired");
  EXPECT_TRUE(problem.is("userActionRequired"));
  EXPECT_EQ(problem.detail, "Terms have changed");
  EXPECT_EQ(problem.instance, "https://ca.test/terms");
  EXPECT_EQ(problem.status, 403);  // that of the answer, not what the body claims
  ASSERT_EQ(problem.subproblems.size(), 1u);
  EXPECT_EQ(problem.subproblems[0].identifier->value, "a.test");
  EXPECT_EQ(problem.text(),
            "userActionRequired: Terms have changed (a.test: caa: no), see https://ca.test/terms");
}

struct Odd {
  const char* content_type;
  const char* body;
  const char* text;
};

TEST(ParseProblem, ShowsNoWordOfABodyThatIsNoProblemDocumentOfAcme) {
  const Odd odd[] = {
      {kType, "{", "HTTP 500 with a body that is no ACME problem document"},
      {kType, "", "HTTP 500"},
      {kType, "[]", "HTTP 500 with a body that is no ACME problem document"},
      {kType, "{}", "HTTP 500"},
      {kType, R"({"type": 7, "detail": ["x"]})", "HTTP 500"},
      {kType, R"({"type": "about:blank"})", "HTTP 500"},
      {kType, R"({"detail": "only words"})", "HTTP 500"},
      {kType, R"({"type": "https://inner.test/e", "detail": "password=hunter2"})", "HTTP 500"},
      {"application/json", R"({"type": "urn:ietf:params:acme:error:dns"})", "HTTP 500"},
      {kType, R"({"type": "urn:ietf:params:acme:error:dns", "subproblems": [1, {}, "x"]})", "dns"},
      {"text/html", "<h1>Bad\r\n\tGateway</h1>",
       "HTTP 500 with a body that is no ACME problem document"},
      {"", "\xff\xfe\x01", "HTTP 500 with a body that is no ACME problem document"},
  };
  for (const Odd& one : odd) {
    const std::string shown = acme::parse_problem(500, one.content_type, one.body).text();
    EXPECT_THAT(shown, HasSubstr(one.text)) << one.body;
    for (const char* word : {"words", "hunter2", "Gateway", "??"}) {
      EXPECT_THAT(shown, Not(HasSubstr(word))) << one.body;
    }
  }
}

TEST(ParseProblem, IsBoundedInEveryDirection) {
  std::string body = R"({"type": "urn:ietf:params:acme:error:malformed", "detail": ")" +
                     std::string(20'000, 'x') + R"(", "subproblems": [)";
  for (int i = 0; i < 1000; ++i) {
    body += R"({"type": "urn:ietf:params:acme:error:dns", "detail": "d"},)";
  }
  body.back() = ']';
  body += "}";
  const Problem huge = acme::parse_problem(400, kType, body);
  EXPECT_LE(huge.text().size(), 1024u);
  const Problem many = acme::parse_problem(
      400, kType, body.substr(0, 60) + R"(", "subproblems": [)" + [] {
        std::string list;
        for (int i = 0; i < 500; ++i) list += "{},";
        return list + "{}]}";
      }());
  EXPECT_EQ(many.subproblems.size(), 100u);
  std::string long_ones = R"({"type": "urn:ietf:params:acme:error:malformed", "subproblems": [)";
  for (int i = 0; i < 60; ++i) {
    long_ones += (i == 0 ? "" : ",") + (R"({"detail": ")" + std::string(1000, 'x') + "\"}");
  }
  EXPECT_LE(acme::parse_problem(400, kType, long_ones + "]}").subproblems.size(), 20u);
  EXPECT_LE(acme::parse_problem(400, "text/plain", std::string(1u << 20, 'y')).text().size(), 300u);
}

TEST(ProblemText, IsOneLineThatCannotDeceive) {
  Problem problem = problem_of("malformed");
  problem.detail =
      "a\r\nb\tc\x01\x7f\xe2\x80\xae"
      "d\xc2\x85"
      "e\xff"
      "f";
  EXPECT_EQ(problem.text(), "malformed: a b cde?f");
}

TEST(OneLine, CutsAtACharacter) {
  EXPECT_EQ(acme::one_line("abcdef", 6), "abcdef");
  EXPECT_EQ(acme::one_line("abcdefg", 6), "abc...");
  EXPECT_EQ(acme::one_line("ab\xc3\xa4\xc3\xb6\xc3\xbc", 6), "ab...");
  EXPECT_EQ(acme::one_line("\xc3\xa4\xc3\xb6", 4), "\xc3\xa4\xc3\xb6");
  EXPECT_EQ(acme::one_line("\xc0\x80\xed\xa0\x80", 20), "?????");  // overlong, surrogate
}

struct Row {
  const char* type;
  ErrorClass error_class;
  base::ErrorKind kind;
};

TEST(Classify, KnowsTheTypesOfTheRfcs) {
  const Row rows[] = {
      {"badNonce", ErrorClass::bad_nonce, base::ErrorKind::unavailable},
      {"rateLimited", ErrorClass::rate_limited, base::ErrorKind::rate_limited},
      {"caa", ErrorClass::caa, base::ErrorKind::denied},
      {"dns", ErrorClass::dns, base::ErrorKind::denied},
      {"connection", ErrorClass::connection, base::ErrorKind::denied},
      {"unauthorized", ErrorClass::unauthorized, base::ErrorKind::denied},
      {"incorrectResponse", ErrorClass::unauthorized, base::ErrorKind::denied},
      {"tls", ErrorClass::tls, base::ErrorKind::denied},
      {"rejectedIdentifier", ErrorClass::rejected_identifier, base::ErrorKind::invalid},
      {"unsupportedIdentifier", ErrorClass::rejected_identifier, base::ErrorKind::invalid},
      {"userActionRequired", ErrorClass::user_action_required, base::ErrorKind::denied},
      {"accountDoesNotExist", ErrorClass::account_does_not_exist, base::ErrorKind::not_found},
      {"externalAccountRequired", ErrorClass::external_account_required, base::ErrorKind::denied},
      {"alreadyReplaced", ErrorClass::already_replaced, base::ErrorKind::conflict},
      {"badCSR", ErrorClass::bad_csr, base::ErrorKind::invalid},
      {"orderNotReady", ErrorClass::order_not_ready, base::ErrorKind::conflict},
      {"invalidProfile", ErrorClass::invalid_profile, base::ErrorKind::invalid},
      {"invalidContact", ErrorClass::invalid_contact, base::ErrorKind::invalid},
      {"malformed", ErrorClass::malformed, base::ErrorKind::invalid},
      {"serverInternal", ErrorClass::server_internal, base::ErrorKind::unavailable},
      {"compound", ErrorClass::other, base::ErrorKind::unavailable},
      {"inventedTomorrow", ErrorClass::other, base::ErrorKind::unavailable},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(acme::classify(problem_of(row.type)), row.error_class) << row.type;
    EXPECT_EQ(acme::kind_of(row.error_class), row.kind) << row.type;
  }
}

TEST(Classify, TakesTheNamespaceSeriously) {
  Problem foreign;
  foreign.type = "https://example.test/rateLimited";
  EXPECT_EQ(acme::classify(foreign), ErrorClass::other);
}

TEST(Classify, LooksIntoAnUmbrellaForTheFirstReason) {
  for (const char* umbrella : {"compound", "malformed"}) {
    Problem problem = problem_of(umbrella);
    problem.subproblems = {{"urn:unknown", "", {}},
                           {"urn:ietf:params:acme:error:caa", "", {}},
                           {"urn:ietf:params:acme:error:dns", "", {}}};
    EXPECT_EQ(acme::classify(problem), ErrorClass::caa);
  }
  Problem limited = problem_of("rateLimited");
  limited.subproblems = {{"urn:ietf:params:acme:error:caa", "", {}}};
  EXPECT_EQ(acme::classify(limited), ErrorClass::rate_limited);
}

TEST(NameOf, EveryClassHasOneOfItsOwn) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ErrorClass::other); ++i) {
    names.insert(acme::name_of(static_cast<ErrorClass>(i)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorClass::other) + 1);
  EXPECT_EQ(acme::name_of(ErrorClass::unauthorized), "unauthorized");
}

TEST(RemedyFor, IsASentenceWhereAPersonCanHelp) {
  for (int i = 0; i <= static_cast<int>(ErrorClass::other); ++i) {
    const auto remedy = acme::remedy_for(static_cast<ErrorClass>(i));
    if (!remedy.empty()) {
      EXPECT_EQ(remedy.back(), '.') << remedy;
    }
  }
  EXPECT_THAT(std::string(acme::remedy_for(ErrorClass::caa)), HasSubstr("CAA"));
}

// In the words of Boulder.
TEST(RemedyFor, ARedirectInFrontIsToldAsSuch) {
  const std::string path = "a.test/.well-known/acme-challenge/token";
  struct {
    ErrorClass error_class;
    std::string words;
    bool is_redirect;
  } rows[] = {
      {ErrorClass::connection, "192.0.2.1: Fetching https://" + path + ": Connection refused",
       true},
      {ErrorClass::connection, "192.0.2.1: Fetching http://" + path + ": Connection refused",
       false},
      {ErrorClass::unauthorized, "192.0.2.1: Invalid response from https://" + path + ": 404",
       true},
      {ErrorClass::unauthorized, "192.0.2.1: Invalid response from http://" + path + ": 404",
       false},
      {ErrorClass::connection, "Fetching http://" + path + ": Redirect loop detected", true},
      {ErrorClass::connection, "Fetching http://" + path + ": Invalid host in redirect target",
       true},
      {ErrorClass::tls, "192.0.2.1: Fetching https://" + path + ": remote error: tls", true},
      {ErrorClass::dns, "Fetching https://" + path + ": no such host", false},
      {ErrorClass::rate_limited, "see https://letsencrypt.org/docs/rate-limits", false},
      {ErrorClass::unauthorized, "see https://ca.test/account", false},
  };
  for (const auto& row : rows) {
    const std::string remedy(acme::remedy_for(row.error_class, row.words));
    EXPECT_EQ(remedy.find("redirects the validation") != std::string::npos, row.is_redirect)
        << row.words << ": " << remedy;
  }
}

TEST(RemedyFor, ARefusalOfTheOrderItselfIsNotAboutWhatAnswersAtTheName) {
  const auto remedy = [](ErrorClass error_class, const char* words) {
    return std::string(acme::remedy_for(error_class, words));
  };
  EXPECT_THAT(remedy(ErrorClass::unauthorized,
                     "placing the order: https://ca.test/new-order answered HTTP 403: "
                     "unauthorized: not for this account"),
              HasSubstr("whether this account may"));
  EXPECT_THAT(remedy(ErrorClass::unauthorized,
                     "the server could not validate a.test: unauthorized: not the answer"),
              HasSubstr("A and AAAA records"));
}

TEST(RemedyFor, AServerThatHasTooMuchToDoIsNoLimitOfOurs) {
  const auto remedy = [](const char* words) {
    return std::string(acme::remedy_for(ErrorClass::rate_limited, words));
  };
  EXPECT_THAT(remedy("placing the order: https://ca.test/new-order answered HTTP 503 with a body "
                     "that is no ACME problem document"),
              testing::Not(HasSubstr("fewer certificates")));
  EXPECT_THAT(remedy("placing the order: https://ca.test/new-order answered HTTP 429: rateLimited: "
                     "too many"),
              HasSubstr("fewer certificates"));
}

TEST(ReplacesWasRefused, ForTheTypesOfRfc9773Only) {
  const auto error = [](const char* type, const char* detail) {
    Problem problem = problem_of(type);
    problem.detail = detail;
    return acme::AcmeError{{}, acme::classify(problem), problem};
  };
  EXPECT_TRUE(acme::replaces_was_refused(error("alreadyReplaced", "")));
  EXPECT_TRUE(acme::replaces_was_refused(error("malformed", "")));
  // Boulder, once the certificate is another account's: an account that was made anew.
  EXPECT_TRUE(acme::replaces_was_refused(
      error("unauthorized",
            "requester account did not request the certificate being replaced by this order")));
  EXPECT_TRUE(acme::replaces_was_refused(error("serverInternal", "could not find \"replaces\"")));
  EXPECT_FALSE(acme::replaces_was_refused(error("serverInternal", "database down")));
  EXPECT_FALSE(acme::replaces_was_refused(error("rateLimited", "replaces")));
  EXPECT_FALSE(acme::replaces_was_refused({{}, ErrorClass::malformed, {}}));
}

}  // namespace
