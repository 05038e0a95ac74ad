#include "operator/ingress/annotations/canary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/annotations/route_policy.h"
#include "operator/ingress/compiler.h"
#include "operator/routing/canary_guards.h"
#include "proxy/config/wire.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using annotations::AnnotationMap;
using annotations::Issue;
using annotations::Issues;
using annotations::read_canary;
using ingress_test::an_ingress;
using ingress_test::IngressBuilder;
using ingress_test::ViewBuilder;
using proxy::config::Split;
using routing::are_kept;
using routing::Complaint;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kNginx = "nginx.ingress.kubernetes.io/";

AnnotationMap canary(std::initializer_list<std::pair<const std::string, std::string>> pairs) {
  AnnotationMap map{{kNginx + "canary", "true"}};
  for (const auto& [key, value] : pairs) map[kNginx + key] = value;
  return map;
}

TEST(CanaryAnnotations, SayWhoIsSentThere) {
  Issues issues;
  Split expected;
  expected.header = "X-Canary";
  expected.header_value = "yes";
  expected.cookie = "canary";
  expected.weight = 5;
  expected.weight_total = 1000;
  EXPECT_EQ(read_canary(canary({{"canary-by-header", " X-Canary "},
                                {"canary-by-header-value", "yes"},
                                {"canary-by-cookie", "canary"},
                                {"canary-weight", "5"},
                                {"canary-weight-total", "1000"}}),
                        issues),
            expected);
  expected = {};
  expected.header = "X-Canary";
  expected.header_pattern = "^(a|b)$";
  EXPECT_EQ(read_canary(
                canary({{"canary-by-header", "X-Canary"}, {"canary-by-header-pattern", "^(a|b)$"}}),
                issues),
            expected);
  EXPECT_EQ(read_canary(canary({}), issues), Split{});
  EXPECT_THAT(issues, IsEmpty());
}

TEST(CanaryAnnotations, WhatCannotBeReadSendsNobodyAndIsTold) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"canary-by-header", "X Canary"},  {"canary-by-header", "X\r\nY"},
      {"canary-by-cookie", "a=b"},       {"canary-by-cookie", "a;b"},
      {"canary-weight", "-1"},           {"canary-weight", "10%"},
      {"canary-weight", "half"},         {"canary-weight", "99999999999999999999"},
      {"canary-weight-total", "-100"},   {"canary-by-header-value", "x"},
      {"canary-by-header-pattern", "x"},
  };
  for (const auto& [key, value] : cases) {
    Issues issues;
    const auto split = read_canary(canary({{key, value}}), issues);
    ASSERT_TRUE(split) << key;
    EXPECT_EQ(*split, Split{}) << key << ": " << value;
    EXPECT_THAT(issues, SizeIs(1)) << key << ": " << value;
  }
  for (const char* pattern : {"(?!x)", "(", "\\1", "((a{100}){100}){100}"}) {
    Issues issues;
    const auto split = read_canary(
        canary({{"canary-by-header", "X-A"}, {"canary-by-header-pattern", pattern}}), issues);
    EXPECT_EQ(split->header, "") << pattern;
    EXPECT_EQ(split->header_pattern, "") << pattern;
    EXPECT_THAT(issues, SizeIs(1)) << pattern;
  }
  Issues issues;
  const auto split =
      read_canary(canary({{"canary-weight", "5"}, {"canary-weight-total", "0"}}), issues);
  EXPECT_EQ(split->weight, 0u);
}

TEST(CanaryAnnotations, AnIngressWhoseCanaryCannotBeReadIsNoIngressOfItsOwn) {
  Issues issues;
  EXPECT_EQ(read_canary({{kNginx + "canary", "yes"}, {kNginx + "canary-weight", "50"}}, issues),
            Split{});
  EXPECT_THAT(issues, SizeIs(1));
  EXPECT_TRUE(annotations::is_canary({{kNginx + "canary", "yes"}}));
  for (const char* off : {"", "false", "off", "0"}) {
    issues.clear();
    EXPECT_FALSE(read_canary({{kNginx + "canary", off}}, issues)) << off;
    EXPECT_FALSE(annotations::is_canary({{kNginx + "canary", off}})) << off;
    EXPECT_THAT(issues, IsEmpty()) << off;
  }
  EXPECT_FALSE(read_canary({{kNginx + "canary-weight", "50"}}, issues));
  EXPECT_THAT(issues, ElementsAre(Field(&Issue::why, HasSubstr("without canary"))));
}

IngressBuilder main_ingress(const std::string& key = "shop/main") {
  return an_ingress(key).created_after(std::chrono::seconds(1)).path("shop.test", "/", "web", 80);
}
IngressBuilder canary_ingress(const std::string& key = "shop/canary") {
  return an_ingress(key)
      .created_after(std::chrono::seconds(2))
      .annotation(kNginx + "canary", "true")
      .annotation(kNginx + "canary-weight", "20")
      .path("shop.test", "/", "next", 80);
}

ViewBuilder cluster() {
  ViewBuilder builder;
  builder.service("shop/web", 80, {"10.0.0.1"}).service("shop/next", 80, {"10.0.0.2"});
  return builder;
}

// The cluster that gets 20 of 100 at "/"; empty: nobody does.
std::string split_of(const Compiled& compiled, const std::string& host = "shop.test") {
  EXPECT_TRUE(proxy::config::validate(compiled.config));
  const auto found = compiled.config.hosts.find(host);
  if (found == compiled.config.hosts.end()) return "no host";
  const auto& splits = found->second->routes.at(0).policies->splits;
  if (splits.empty()) return "";
  EXPECT_EQ(splits.at(0).weight, 20u);
  return splits.at(0).cluster;
}

std::vector<std::string> told(const Compiled& compiled) {
  std::vector<std::string> told;
  for (const Complaint& complaint : compiled.complaints) {
    told.push_back(complaint.claimant.key().text() + " " + complaint.reason + " " +
                   complaint.message);
  }
  return told;
}

TEST(Canary, JoinsTheSamePathOfAnotherIngressOfItsNamespaceWhateverTheirAge) {
  const Compiled compiled =
      compile(cluster().ingress(main_ingress()).ingress(canary_ingress()).view);
  EXPECT_EQ(split_of(compiled), "shop/next:80");
  EXPECT_THAT(compiled.complaints, IsEmpty());
  EXPECT_EQ(split_of(compile(cluster()
                                 .ingress(canary_ingress().created_after(std::chrono::seconds(0)))
                                 .ingress(main_ingress())
                                 .view)),
            "shop/next:80");
}

TEST(Canary, WithoutAMainIngressServesNothing) {
  const Compiled compiled = compile(cluster().ingress(canary_ingress()).view);
  EXPECT_EQ(split_of(compiled), "no host");
  EXPECT_THAT(told(compiled), ElementsAre(HasSubstr("CanaryNotJoined")));
  const Compiled other_path =
      compile(cluster()
                  .ingress(an_ingress("shop/main").path("shop.test", "/x", "web", 80))
                  .ingress(canary_ingress())
                  .view);
  EXPECT_EQ(split_of(other_path), "");
  EXPECT_THAT(told(other_path), ElementsAre(HasSubstr("no other Ingress serves it")));
}

TEST(Canary, OfAnotherNamespaceNeverJoins) {
  for (const bool shares : {false, true}) {
    ViewBuilder builder = cluster();
    builder.service("evil/next", 80, {"10.0.0.66"});
    builder.view.shares_hosts = shares;
    const Compiled compiled =
        compile(builder.ingress(main_ingress()).ingress(canary_ingress("evil/canary")).view);
    EXPECT_EQ(split_of(compiled), "") << shares;
    EXPECT_FALSE(compiled.complaints.empty()) << shares;
    EXPECT_EQ(compiled.config.clusters.count("evil/next:80"), 0u) << shares;
  }
}

TEST(Canary, OfTwoTheOlderOneHasThePlace) {
  const Compiled compiled =
      compile(cluster()
                  .ingress(main_ingress())
                  .ingress(canary_ingress("shop/second").created_after(std::chrono::seconds(5)))
                  .ingress(an_ingress("shop/first")
                               .created_after(std::chrono::seconds(4))
                               .annotation(kNginx + "canary", "true")
                               .annotation(kNginx + "canary-weight", "20")
                               .path("shop.test", "/", "web", 80))
                  .view);
  EXPECT_EQ(split_of(compiled), "shop/web:80");
  EXPECT_THAT(told(compiled), ElementsAre(HasSubstr("shop/second CanaryNotJoined")));
}

TEST(Canary, HasTheGuardsOfWhatItJoinsAndNoOthers) {
  const std::string list = kNginx + "whitelist-source-range";
  const auto compiled = [&](const std::string& of_main, const std::string& of_canary) {
    IngressBuilder main = main_ingress();
    if (!of_main.empty()) main.annotation(list, of_main);
    IngressBuilder other = canary_ingress();
    if (!of_canary.empty()) other.annotation(list, of_canary);
    return compile(cluster().ingress(main).ingress(other).view);
  };
  EXPECT_EQ(split_of(compiled("10.0.0.0/8", "")), "shop/next:80");
  EXPECT_EQ(split_of(compiled("10.0.0.0/8", "10.0.0.0/8")), "shop/next:80");
  EXPECT_EQ(split_of(compiled("", "10.0.0.0/8")), "");
  EXPECT_EQ(split_of(compiled("10.0.0.0/8", "192.0.2.0/24")), "");
  EXPECT_EQ(split_of(compiled("", "nonsense")), "");
}

proxy::config::Network network(const char* text) {
  return *proxy::config::Network::parse(text);
}

TEST(CanaryGuards, AreKeptWhereThePlaceGuardsAllThatTheySay) {
  using proxy::config::Guards;
  Guards place;
  place.denied = {network("10.0.0.0/8"), network("192.0.2.0/24")};
  place.allowed = {network("172.16.0.0/12")};
  place.basic_auth = proxy::config::BasicAuth{"shop", {{"ann", "{SHA}x"}}};
  place.firewall.emplace();
  place.limits = proxy::config::Limits{.id = "shop/main", .requests_per_second = 5};
  EXPECT_TRUE(are_kept({}, place));
  EXPECT_TRUE(are_kept(place, place));
  const auto saying = [](const auto& say) {
    Guards said;
    say(said);
    return said;
  };
  EXPECT_TRUE(are_kept(saying([&](Guards& g) { g.denied = {place.denied[1]}; }), place));
  EXPECT_TRUE(are_kept(saying([&](Guards& g) { g.basic_auth = place.basic_auth; }), place));
  EXPECT_TRUE(are_kept(saying([&](Guards& g) { g.limits = place.limits; }), place));
  for (const Guards& other :
       {saying([](Guards& g) { g.denied = {network("198.51.100.0/24")}; }),
        saying([](Guards& g) { g.allowed = {network("198.51.100.0/24")}; }), saying([](Guards& g) {
          g.basic_auth = proxy::config::BasicAuth{"shop", {}};
        }),
        saying([](Guards& g) { g.external_auth.emplace(); }),
        saying([](Guards& g) { g.client_certificates.emplace(); }),
        saying([](Guards& g) { g.firewall = proxy::config::Firewall{.paranoia_level = 2}; }),
        saying([](Guards& g) {
          g.limits = proxy::config::Limits{.id = "shop/main", .requests_per_second = 1};
        }),
        saying([](Guards& g) { g.closed = true; })}) {
    EXPECT_FALSE(are_kept(other, place));
  }
  // A password would do there, and the list alone is what the canary believes in.
  place.satisfy_any = true;
  EXPECT_FALSE(are_kept(saying([&](Guards& g) { g.allowed = place.allowed; }), place));
  EXPECT_TRUE(are_kept(saying([&](Guards& g) {
                         g.allowed = place.allowed;
                         g.basic_auth = place.basic_auth;
                         g.satisfy_any = true;
                       }),
                       place));
}

TEST(Canary, WhoseBackendIsNotThereGetsNothingAndTheMainOneIsNotHarmed) {
  const Compiled compiled = compile(ViewBuilder()
                                        .service("shop/web", 80, {"10.0.0.1"})
                                        .ingress(main_ingress())
                                        .ingress(canary_ingress())
                                        .view);
  EXPECT_EQ(split_of(compiled), "");
  EXPECT_THAT(told(compiled), ElementsAre(HasSubstr("shop/next")));
}

TEST(Canary, JoinsNothingThatAnswersWithoutABackend) {
  const Compiled compiled = compile(
      cluster()
          .ingress(main_ingress().annotation(kNginx + "permanent-redirect", "https://a.example"))
          .ingress(canary_ingress())
          .view);
  EXPECT_EQ(split_of(compiled), "");
  EXPECT_THAT(told(compiled), ElementsAre(HasSubstr("CanaryNotJoined")));
}

TEST(Canary, JoinsExpressionsAndDefaultsToo) {
  const Compiled expressions =
      compile(cluster()
                  .ingress(an_ingress("shop/main")
                               .annotation(kNginx + "use-regex", "true")
                               .path("shop.test", "/x/(.*)", "web", 80,
                                     kube::PathType::implementation_specific))
                  .ingress(an_ingress("shop/canary")
                               .annotation(kNginx + "canary", "true")
                               .annotation(kNginx + "canary-by-header", "X-A")
                               .path("shop.test", "/x/(.*)", "next", 80,
                                     kube::PathType::implementation_specific))
                  .view);
  const auto& routes = expressions.config.hosts.at("shop.test")->expressions;
  ASSERT_THAT(routes, SizeIs(1));
  EXPECT_THAT(routes[0].policies->splits, SizeIs(1));
}

}  // namespace
}  // namespace ingress
