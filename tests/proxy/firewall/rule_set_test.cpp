#include "proxy/firewall/rule_set.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proxy::firewall {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const RuleSet& rules() {
  static const auto loaded = RuleSet::load(RuleSet::kDirectory);
  if (!loaded) throw std::runtime_error(loaded.error().message);
  return **loaded;
}

// A request of a browser, but for what the test is about.
struct Asked {
  std::string method = "GET";
  std::string path = "/";
  std::string query{};
  std::string content_type{};
  std::string body{};
  bool body_is_cut = false;
};

Findings found(const Asked& asked, const config::Firewall& settings = {}) {
  http::RequestHead head;
  head.method_text = asked.method;
  head.path = asked.path;
  head.query = asked.query;
  head.fields = {{.name = "Host", .value = "shop.test"},
                 {.name = "User-Agent", .value = "Mozilla/5.0"},
                 {.name = "Accept", .value = "*/*"}};
  const std::string length = std::to_string(asked.body.size());
  if (!asked.content_type.empty()) {
    head.fields.push_back({.name = "Content-Type", .value = asked.content_type});
    head.fields.push_back({.name = "Content-Length", .value = length});
  }
  const auto findings =
      rules().inspect({head, "1.1", "192.0.2.7", asked.body, asked.body_is_cut}, settings);
  if (!findings) throw std::runtime_error(findings.error().message);
  return *findings;
}

constexpr const char* kForm = "application/x-www-form-urlencoded";
constexpr const char* kInjection = "?id=1%27%20OR%20%271%27=%271";
constexpr std::uint32_t kInjectionRule = 942100;

TEST(RuleSet, TellsAnAttackByItsRulesAndLetsTheRestBe) {
  const Findings attack = found({.path = "/items", .query = kInjection});
  EXPECT_TRUE(attack.is_attack);
  EXPECT_THAT(attack.rules, Contains(kInjectionRule));
  const Findings harmless = found({.path = "/items", .query = "?id=7"});
  EXPECT_FALSE(harmless.is_attack);
  EXPECT_THAT(harmless.rules, IsEmpty());
}

TEST(RuleSet, LooksIntoBodies) {
  const char* const kAttack = "user=admin%27--&id=1%27%20UNION%20SELECT%20name%20FROM%20users";
  EXPECT_TRUE(found({"POST", "/login", "", kForm, kAttack}).is_attack);
  EXPECT_TRUE(found({"POST", "/login", "", "application/json",
                     R"({"a": {"b": ["<script>alert(1)</script>"]}})"})
                  .is_attack);
  EXPECT_FALSE(found({"POST", "/login", "", kForm, "user=ann&id=7"}).is_attack);
}

TEST(RuleSet, AnExcludedRuleCountsForNothing) {
  const config::Firewall all_of_injection{.excluded_rules = {{942000, 942999}}};
  EXPECT_FALSE(found({.query = kInjection}, all_of_injection).is_attack);
  const config::Firewall one{.excluded_rules = {{kInjectionRule, kInjectionRule}}};
  EXPECT_THAT(found({.query = kInjection}, one).rules, Not(Contains(kInjectionRule)));
}

TEST(RuleSet, TheThresholdIsThatOfTheSettings) {
  EXPECT_FALSE(found({.query = kInjection}, {.anomaly_threshold = 1000}).is_attack);
  EXPECT_TRUE(found({.query = kInjection}, {.anomaly_threshold = 5}).is_attack);
}

TEST(RuleSet, TheLevelIsThatOfTheSettings) {
  const Asked asked{.query = "?q=a%27b"};
  EXPECT_FALSE(found(asked, {.paranoia_level = 1}).is_attack);
  EXPECT_TRUE(found(asked, {.paranoia_level = 4}).is_attack);
}

TEST(RuleSet, WhoOnlyDetectsIsToldTheSame) {
  const Findings attack = found({.query = kInjection}, {.mode = config::FirewallMode::detect});
  EXPECT_TRUE(attack.is_attack);
  EXPECT_THAT(attack.rules, Contains(kInjectionRule));
}

TEST(RuleSet, WithoutTheCoreRulesOnlyBodiesThatCannotBeReadAreAttacks) {
  const config::Firewall settings{.core_rules = false};
  EXPECT_FALSE(found({.query = kInjection}, settings).is_attack);
  EXPECT_THAT(found({"POST", "/", "", "application/json", "{\"a\": "}, settings).rules,
              ElementsAre(200002));
}

TEST(RuleSet, ABodyThatIsCutNeedNotBeWellFormed) {
  Asked asked{"POST", "/", "", "application/json", "{\"a\": \"b"};
  EXPECT_TRUE(found(asked).is_attack);
  asked.body_is_cut = true;
  EXPECT_FALSE(found(asked).is_attack);
}

// CVE-2024-1019.
TEST(RuleSet, AnEncodedQuestionMarkHidesNothingOfAPath) {
  for (const char* const path : {"/x%3f/../../../etc/passwd", "/x%3F/%2e%2e/%2e%2e/etc/passwd",
                                 "/a%3fb=%3Cscript%3Ealert(1)%3C/script%3E"}) {
    EXPECT_TRUE(found({.path = path}).is_attack) << path;
  }
  EXPECT_EQ(inspected_target("/a%3fb%3F", "?c=%3f"), "/a%253fb%253F?c=%3f");
}

TEST(RuleSet, ARequestWithMoreArgumentsThanAreReadIsAnAttack) {
  std::string body = "a=1";
  for (int i = 0; i < 1200; ++i) body += "&a" + std::to_string(i) + "=1";
  EXPECT_THAT(found({"POST", "/", "", kForm, body}).rules, Contains(200007));
}

TEST(RuleSet, MoreTextThanIsComparedIsABodyThatCannotBeRead) {
  const std::string text = "a=" + std::string(200'000, 'b');
  EXPECT_THAT(found({"POST", "/", "", kForm, text}).rules, Contains(200002));
  EXPECT_FALSE(found({"POST", "/", "", kForm, text.substr(0, 100'000)}).is_attack);
}

TEST(RuleSet, NothingOfAFormIsBehindWhatIsComparedHoweverItsTypeIsSpelt) {
  const std::string text = "a=" + std::string(200'000, 'b') + "&id=1%27%20OR%20%271%27=%271";
  for (const char* const type :
       {"application/x-www-FORM-urlencoded", "APPLICATION/X-WWW-FORM-URLENCODED"}) {
    EXPECT_THAT(found({"POST", "/", "", type, text}).rules, Contains(200002)) << type;
  }
}

// Without a bound an expression of the rule set is at this text for hours.
TEST(RuleSet, AComparisonThatWouldNotEndIsEndedAndMakesAnAttack) {
  const std::string text = "a=" + std::string(16u << 10, '<');
  const Findings findings = found({"POST", "/", "", kForm, text});
  EXPECT_TRUE(findings.is_attack);
  EXPECT_THAT(findings.rules, Contains(200005));
  const config::Firewall excluded{.excluded_rules = {{200005, 200005}}};
  EXPECT_THAT(found({"POST", "/", "", kForm, text}, excluded).rules, Not(Contains(200005)));
}

// Of more than that some expressions are not done with their steps, and it is taken for an attack.
TEST(RuleSet, TenKibOfProseAreComparedToTheirEnd) {
  const std::string sentence =
      "It was a cold morning, and the shop (which sells lamps, tables & chairs) had just opened; "
      R"(\"Good day!\" said Ann -- to nobody in particular. )";
  std::string json = R"({"title": "A story", "text": ")";
  while (json.size() + sentence.size() < (10u << 10)) json += sentence;
  const Findings findings = found({"POST", "/", "", "application/json", json + "\"}"});
  EXPECT_THAT(findings.rules, Not(Contains(200005)));
  EXPECT_THAT(findings.rules, Not(Contains(200002)));
}

TEST(RuleSet, FilesOfAFormAreReadOverAndTheRestIsNot) {
  const auto form = [](const std::string& name, const std::string& value) {
    return "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.png\"\r\n"
           "Content-Type: image/png\r\n\r\n\x89PNG ' OR 1=1 --\r\n"
           "--b\r\nContent-Disposition: form-data; name=\"" +
           name + "\"\r\n\r\n" + value + "\r\n--b--\r\n";
  };
  const char* const kType = "multipart/form-data; boundary=b";
  EXPECT_FALSE(found({"POST", "/", "", kType, form("title", "My cat")}).is_attack);
  EXPECT_TRUE(
      found({"POST", "/", "", kType, form("title", "<script>alert(1)</script>")}).is_attack);
}

TEST(RuleSet, TellsOfAtMostSoManyRules) {
  std::string query = "?x=1%27%20OR%20%271%27=%271&y=%3Cscript%3Ealert(1)%3C/script%3E";
  query +=
      "&z=../../../../etc/passwd&a=%3Bcat%20/etc/passwd&b=%3C?php%20system(1)&c=${jndi:ldap://x}";
  const Findings findings = found({.query = query}, {.paranoia_level = 4});
  EXPECT_EQ(findings.rules.size(), Findings::kRulesMax);
}

TEST(RuleSet, SaysWhichFileItCannotUse) {
  const auto loaded = RuleSet::load("/nowhere");
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message, HasSubstr("/nowhere/REQUEST-901-INITIALIZATION.conf"));
}

// ---- Responses

const RuleSet& response_rules() {
  static const auto loaded = RuleSet::load(RuleSet::kDirectory, RuleSet::About::responses);
  if (!loaded) throw std::runtime_error(loaded.error().message);
  return **loaded;
}

config::Firewall with_responses(config::Firewall settings = {}) {
  if (!settings.responses) settings.responses.emplace();
  return settings;
}

Findings found_in_response(const std::string& body, const config::Firewall& settings,
                           int status = 200) {
  const std::vector<http::Field> fields = {{.name = "Content-Type", .value = "text/html"}};
  const ResponseSubject subject{.status = status, .fields = fields, .body = body};
  const auto findings = response_rules().inspect(subject, settings);
  if (!findings) throw std::runtime_error(findings.error().message);
  return *findings;
}

constexpr const char* kMysqlError =
    "<p>You have an error in your SQL syntax; check the manual that corresponds to your MySQL "
    "server version for the right syntax to use near 'x' at line 1</p>";
constexpr std::uint32_t kMysqlRule = 951230;

TEST(RuleSet, TellsALeakByItsRulesAndLetsTheRestBe) {
  const Findings leak = found_in_response(kMysqlError, with_responses());
  EXPECT_TRUE(leak.is_attack);
  EXPECT_THAT(leak.rules, Contains(kMysqlRule));
  EXPECT_THAT(leak.rules, Not(Contains(959100u)));
  EXPECT_TRUE(found_in_response("<?php echo $_GET['id']; ?>", with_responses()).is_attack);
  const Findings harmless = found_in_response("<p>Chairs and tables</p>", with_responses());
  EXPECT_FALSE(harmless.is_attack);
  EXPECT_THAT(harmless.rules, IsEmpty());
  EXPECT_FALSE(found_in_response("", with_responses()).is_attack);
}

TEST(RuleSet, ALeakIsTakenForOneByTheSettingsOfResponses) {
  config::Firewall high = with_responses();
  high.responses->anomaly_threshold = 1000;
  EXPECT_FALSE(found_in_response(kMysqlError, high).is_attack);
  const config::Firewall excluded{.excluded_rules = {{951000, 951999}}};
  EXPECT_FALSE(found_in_response(kMysqlError, with_responses(excluded)).is_attack);
  const config::Firewall detects{.mode = config::FirewallMode::detect};
  EXPECT_TRUE(found_in_response(kMysqlError, with_responses(detects)).is_attack);
  EXPECT_FALSE(found_in_response("sorry", with_responses(), 500).is_attack);
  EXPECT_TRUE(found_in_response("sorry", with_responses({.paranoia_level = 2}), 500).is_attack);
}

// What an operator tells a proxy that does not know of responses: config::close().
TEST(RuleSet, AThresholdOfNothingRefusesEverything) {
  EXPECT_TRUE(found({.query = "?id=7"}, {.anomaly_threshold = 0}).is_attack);
}

}  // namespace
}  // namespace proxy::firewall
