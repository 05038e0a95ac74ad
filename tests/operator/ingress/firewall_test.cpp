#include "operator/ingress/annotations/firewall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/annotations/policies_in_force.h"
#include "operator/ingress/annotations/route_policy.h"
#include "proxy/config/limits.h"
#include "tests/operator/ingress/cluster_builder.h"
#include "tests/operator/ingress/nginx_annotations.h"

namespace ingress::annotations {
namespace {

using ingress_test::nginx;
using ingress_test::Pairs;
using proxy::config::Firewall;
using proxy::config::FirewallMode;
using proxy::config::ResponseInspection;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::optional<Firewall> read(Pairs pairs) {
  Issues issues;
  auto firewall = read_firewall(nginx(pairs), issues);
  EXPECT_THAT(issues, IsEmpty());
  return firewall;
}

TEST(Firewall, IsThereWhereOneOfThreeKeysAsksForItAndBlocksWithTheCoreRules) {
  EXPECT_EQ(read({{"enable-modsecurity", "true"}}), Firewall{});
  EXPECT_EQ(read({{"enable-modsecurity", "on"}, {"enable-owasp-core-rules", "true"}}), Firewall{});
  EXPECT_EQ(read({{"enable-owasp-core-rules", "true"}}), Firewall{});
  EXPECT_EQ(read({{"enable-owasp-modsecurity-crs", "true"}}), Firewall{});
  EXPECT_EQ(read({{"firewall-mode", "block"}}), Firewall{});
}

TEST(Firewall, IsNotThereWhereNobodyAsksOrSomebodySaysNo) {
  EXPECT_EQ(read({}), std::nullopt);
  EXPECT_EQ(read({{"enable-modsecurity", "false"}}), std::nullopt);
  EXPECT_EQ(read({{"enable-owasp-core-rules", "false"}}), std::nullopt);
  EXPECT_EQ(read({{"enable-modsecurity", "false"}, {"enable-owasp-core-rules", "true"}}),
            std::nullopt);
  EXPECT_EQ(read({{"firewall-mode", "off"}, {"enable-modsecurity", "true"}}), std::nullopt);
  EXPECT_EQ(read({{"enable-modsecurity", "false"}, {"firewall-paranoia-level", "2"}}),
            std::nullopt);
}

TEST(Firewall, HasItsSettings) {
  const auto firewall = read({{"enable-modsecurity", "true"},
                              {"firewall-mode", "Detect"},
                              {"firewall-paranoia-level", "3"},
                              {"firewall-anomaly-threshold", "20"},
                              {"firewall-excluded-rules", "942100, 920350 941000-941999,942100"},
                              {"firewall-request-body-limit", "256k"},
                              {"firewall-uninspected", "pass"}});
  const Firewall expected{.mode = FirewallMode::detect,
                          .paranoia_level = 3,
                          .anomaly_threshold = 20,
                          .excluded_rules = {{920350, 920350}, {941000, 941999}, {942100, 942100}},
                          .body_bytes_max = 256u << 10,
                          .passes_uninspected = true};
  EXPECT_EQ(firewall, expected);
  const auto engine = read({{"enable-modsecurity", "true"}, {"enable-owasp-core-rules", "false"}});
  ASSERT_TRUE(engine);
  EXPECT_FALSE(engine->core_rules);
}

TEST(Firewall, AValueThatCannotBeReadClosesTheIngress) {
  const Pairs broken[] = {
      {{"enable-modsecurity", "yes, please"}},
      {{"enable-owasp-core-rules", "some"}},
      {{"firewall-mode", "blok"}},
      {{"firewall-mode", "block"}, {"firewall-paranoia-level", "0"}},
      {{"firewall-mode", "block"}, {"firewall-paranoia-level", "5"}},
      {{"firewall-mode", "block"}, {"firewall-anomaly-threshold", "-1"}},
      {{"firewall-mode", "block"}, {"firewall-excluded-rules", "942100-"}},
      {{"firewall-mode", "block"}, {"firewall-excluded-rules", "all"}},
      {{"firewall-mode", "block"}, {"firewall-excluded-rules", "942199-942100"}},
      {{"firewall-mode", "block"}, {"firewall-request-body-limit", "0"}},
      {{"firewall-mode", "block"}, {"firewall-request-body-limit", "9m"}},
      {{"firewall-mode", "block"}, {"firewall-uninspected", "maybe"}},
      {{"firewall-mode", "block"}, {"firewall-response-body-access", "some"}},
  };
  for (const Pairs& pairs : broken) {
    const RoutePolicy policy = read_route_policy(nginx(pairs));
    EXPECT_TRUE(policy.is_refused()) << pairs.begin()[pairs.size() - 1].second;
    EXPECT_THAT(policy.issues, SizeIs(1)) << pairs.begin()[pairs.size() - 1].second;
  }
}

TEST(Firewall, TheRulesThatSumUpAndDecideCannotBeExcluded) {
  for (const char* rules : {"949110", "901000-949999", "1", "900001", "200002-949110", "980130",
                            "959100", "948000-951999"}) {
    EXPECT_TRUE(
        read_route_policy(nginx({{"firewall-mode", "block"}, {"firewall-excluded-rules", rules}}))
            .is_refused())
        << rules;
  }
  std::string many;
  for (std::size_t i = 0; i <= proxy::config::kExcludedRulesMax; ++i) {
    many += std::to_string(942000 + i) + ",";
  }
  EXPECT_TRUE(
      read_route_policy(nginx({{"firewall-mode", "block"}, {"firewall-excluded-rules", many}}))
          .is_refused());
}

TEST(Firewall, ASettingOfNoFirewallClosesTheIngress) {
  for (const char* key : {"firewall-paranoia-level", "firewall-uninspected"}) {
    const RoutePolicy policy = read_route_policy(nginx({{key, "2"}}));
    EXPECT_TRUE(policy.is_refused()) << key;
  }
}

TEST(Firewall, InspectsResponsesWhereThatIsAskedFor) {
  const auto usual = read({{"firewall-mode", "block"}, {"firewall-response-body-access", "true"}});
  EXPECT_EQ(usual, Firewall{.responses = ResponseInspection{}});
  const auto set =
      read({{"firewall-mode", "block"},
            {"firewall-excluded-rules", "951000-951999"},
            {"firewall-response-body-access", "On"},
            {"firewall-response-anomaly-threshold", "8"},
            {"firewall-response-body-limit", "64k"},
            {"firewall-response-body-limit-action", "refuse"},
            {"firewall-response-body-types", "text/html, Application/JSON text/html"}});
  const Firewall expected{.excluded_rules = {{951000, 951999}},
                          .responses = ResponseInspection{.anomaly_threshold = 8,
                                                          .body_bytes_max = 64u << 10,
                                                          .refuses_larger = true,
                                                          .types = "application/json text/html"}};
  EXPECT_EQ(set, expected);
  EXPECT_EQ(read({{"firewall-mode", "block"}, {"firewall-response-body-access", "false"}}),
            Firewall{});
  EXPECT_EQ(read({{"firewall-mode", "off"}, {"firewall-response-body-access", "true"}}),
            std::nullopt);
}

TEST(Firewall, ASettingOfResponsesThatCannotBeReadClosesTheIngress) {
  const std::pair<const char*, const char*> broken[] = {
      {"firewall-response-anomaly-threshold", "0"},
      {"firewall-response-body-limit", "9m"},
      {"firewall-response-body-limit-action", "ProcessPartial"},
      {"firewall-response-body-types", ","},
      {"firewall-response-body-types", "html"},
      {"firewall-response-body-types", "text/html;charset=utf-8"},
      {"firewall-response-body-types", "text/html, text/event-stream"},
  };
  for (const auto& [key, value] : broken) {
    const RoutePolicy policy = read_route_policy(nginx(
        {{"firewall-mode", "block"}, {"firewall-response-body-access", "true"}, {key, value}}));
    EXPECT_TRUE(policy.is_refused()) << value;
    EXPECT_THAT(policy.issues, SizeIs(1)) << value;
    // Without that they are about nothing.
    EXPECT_TRUE(read_route_policy(nginx({{"firewall-mode", "block"}, {key, value}})).is_refused())
        << key;
  }
  EXPECT_TRUE(read_route_policy(nginx({{"firewall-response-body-access", "true"}})).is_refused());
  EXPECT_TRUE(read_route_policy(nginx({{"firewall-mode", "block"},
                                       {"enable-owasp-core-rules", "false"},
                                       {"firewall-response-body-access", "true"}}))
                  .is_refused());
}

TEST(Firewall, ATransactionIsCalledAsTheRequestIs) {
  EXPECT_EQ(read({{"modsecurity-transaction-id", "$request_id"}}), std::nullopt);
  const RoutePolicy policy = read_route_policy(
      nginx({{"enable-modsecurity", "true"}, {"modsecurity-transaction-id", "shop-$msec"}}));
  EXPECT_FALSE(policy.is_refused());
  EXPECT_THAT(policy.issues, SizeIs(1));
}

TEST(Firewall, IsSaidToBeInForce) {
  const auto in_force = [](Pairs pairs) {
    kube::Ingress ingress = ingress_test::an_ingress("shop/web").get();
    ingress.metadata.annotations = nginx(pairs);
    return policies_in_force(ingress);
  };
  EXPECT_THAT(in_force({{"enable-modsecurity", "true"}}), Contains("a firewall that blocks"));
  EXPECT_THAT(in_force({{"firewall-mode", "detect"}}), Contains("a firewall that only detects"));
}

std::string remedy_for(const std::string& snippet) {
  const RoutePolicy policy = read_route_policy(nginx({{"modsecurity-snippet", snippet}}));
  EXPECT_TRUE(policy.is_refused());
  return policy.issues.empty() ? "" : policy.issues.front().remedy;
}

TEST(Firewall, ASnippetOfSimpleDirectivesIsRefusedWithTheKeysThatSayTheSame) {
  EXPECT_THAT(remedy_for("SecRuleEngine On\n"), HasSubstr("in gatehouse.dev/firewall-mode,"));
  EXPECT_THAT(remedy_for("# ours\nSecRuleEngine DetectionOnly\nSecRuleRemoveById 920350 942100\n"
                         "SecAuditEngine Off\nSecRequestBodyLimit 1048576\n"),
              HasSubstr("gatehouse.dev/firewall-excluded-rules, gatehouse.dev/firewall-mode and "
                        "gatehouse.dev/firewall-request-body-limit"));
  EXPECT_THAT(remedy_for("Include /etc/nginx/owasp-modsecurity-crs/nginx-modsecurity.conf\n"
                         "SecAction \\\n  \"id:900000,phase:1,nolog,pass,t:none,\\\n"
                         "  setvar:tx.paranoia_level=2\"\n"),
              AllOf(HasSubstr("gatehouse.dev/enable-owasp-core-rules"),
                    HasSubstr("gatehouse.dev/firewall-paranoia-level")));
}

TEST(Firewall, ASnippetAboutResponsesIsRefusedWithTheKeysThatSayTheSame) {
  EXPECT_THAT(remedy_for("SecResponseBodyAccess On\nSecResponseBodyLimit 524288\n"
                         "SecResponseBodyLimitAction ProcessPartial\n"
                         "SecResponseBodyMimeType text/html\n"
                         "SecAction \"id:1,setvar:tx.outbound_anomaly_score_threshold=4\"\n"),
              AllOf(HasSubstr("gatehouse.dev/firewall-response-anomaly-threshold"),
                    HasSubstr("gatehouse.dev/firewall-response-body-access"),
                    HasSubstr("gatehouse.dev/firewall-response-body-limit-action"),
                    HasSubstr("gatehouse.dev/firewall-response-body-types")));
}

TEST(Firewall, ASnippetWithARuleOfItsOwnIsRefusedWithNone) {
  for (const char* snippet :
       {"SecRule ARGS \"@rx x\" \"id:1,deny\"", "SecRuleEngine On\nSecRule ARGS x \"id:1,deny\"",
        "Include /etc/shadow", "SecAction \"id:1,deny\"", "SecRuleUpdateTargetById 1 ARGS"}) {
    EXPECT_THAT(remedy_for(snippet), Not(HasSubstr("gatehouse.dev/"))) << snippet;
  }
}

}  // namespace
}  // namespace ingress::annotations
