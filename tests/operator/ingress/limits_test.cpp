#include "operator/ingress/annotations/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/annotations/route_policy.h"
#include "operator/ingress/compiler.h"
#include "tests/operator/ingress/cluster_builder.h"
#include "tests/operator/ingress/nginx_annotations.h"

namespace ingress::annotations {
namespace {

using ingress_test::an_ingress;
using ingress_test::nginx;
using ingress_test::Pairs;
using ingress_test::ViewBuilder;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::optional<proxy::config::Limits> read(Pairs pairs) {
  Issues issues;
  auto limits = read_limits(nginx(pairs), issues);
  EXPECT_THAT(issues, IsEmpty());
  return limits;
}

TEST(Limits, AreNumbersAndAFactorThatIsFiveWhenNothingIsSaid) {
  const auto all = read({{"limit-rps", "10"},
                         {"limit-rpm", " 300 "},
                         {"limit-connections", "20"},
                         {"limit-whitelist", "10.0.0.0/8, 2001:db8::/32"}});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->requests_per_second, 10u);
  EXPECT_EQ(all->requests_per_minute, 300u);
  EXPECT_EQ(all->connections, 20u);
  EXPECT_EQ(all->burst_multiplier, 5u);
  EXPECT_THAT(all->exempt, SizeIs(2));
  EXPECT_EQ(read({{"limit-rps", "10"}, {"limit-burst-multiplier", "1"}})->burst_multiplier, 1u);
}

TEST(Limits, ARateIsInKibibytesAndOneThatCannotBeReadClosesTheIngress) {
  Issues issues;
  const auto pace = read_pace(nginx({{"limit-rate", "512"}, {"limit-rate-after", "1"}}), issues);
  EXPECT_EQ(pace, (proxy::config::Pace{.bytes_per_second = 512u << 10, .free_bytes = 1024}));
  const AnnotationMap without[] = {nginx({}), nginx({{"limit-rate", "0"}}),
                                   nginx({{"limit-rate-after", "5"}}),
                                   nginx({{"limit-rate", "0k"}, {"limit-rate-after", "5"}})};
  for (const AnnotationMap& none : without) EXPECT_EQ(read_pace(none, issues), std::nullopt);
  EXPECT_THAT(issues, IsEmpty());
  for (const char* value : {"512k", "-1", "1.5", "x", "1125899906842624", "99999999999999999999"}) {
    EXPECT_TRUE(read_route_policy(nginx({{"limit-rate", value}})).is_refused()) << value;
    EXPECT_TRUE(read_route_policy(nginx({{"limit-rate-after", value}})).is_refused()) << value;
  }
}

TEST(Limits, WhatAsksForNothingIsNone) {
  EXPECT_EQ(read({}), std::nullopt);
  EXPECT_EQ(read({{"limit-rps", "0"}, {"limit-rpm", ""}, {"limit-connections", "0"}}),
            std::nullopt);
  EXPECT_EQ(read({{"limit-burst-multiplier", "3"}, {"limit-whitelist", "10.0.0.0/8"}}),
            std::nullopt);
  EXPECT_EQ(read({{"limit-rps", "5"}, {"limit-whitelist", "0.0.0.0/0,::/0"}}), std::nullopt);
  EXPECT_EQ(read({{"limit-rps", "off"}, {"limit-connections", "false"}}), std::nullopt);
}

TEST(Limits, WhatIsSaidOfLimitsThatNobodyAsksForIsNotRead) {
  for (const char* const value : {"0", "off", "many"}) {
    EXPECT_EQ(read({{"limit-burst-multiplier", value}}), std::nullopt) << value;
    EXPECT_EQ(read({{"limit-rps", "off"}, {"limit-whitelist", value}}), std::nullopt) << value;
    EXPECT_EQ(read({{"limit-connections", "2"}, {"limit-burst-multiplier", value}}),
              read({{"limit-connections", "2"}}))
        << value;
  }
  EXPECT_EQ(read({{"limit-rps", "5"}, {"limit-burst-multiplier", "off"}}),
            read({{"limit-rps", "5"}}));
}

TEST(Limits, AFactorWithoutARateSaysNothing) {
  EXPECT_EQ(read({{"limit-connections", "2"}, {"limit-burst-multiplier", "3"}}),
            read({{"limit-connections", "2"}}));
}

TEST(Limits, AValueThatCannotBeReadClosesTheIngressAndSaysWhatItMayBe) {
  for (const char* key :
       {"limit-rps", "limit-rpm", "limit-connections", "limit-burst-multiplier"}) {
    for (const char* value : {"-1", "ten", "10r/s", "1.5", "+5", "0x10", "1 2", "5,", "1e3",
                              "99999999999999999999", "2000000000"}) {
      AnnotationMap annotations = nginx({{"limit-rps", "1"}});
      annotations[std::string(kNginxPrefix) + key] = value;
      const RoutePolicy policy = read_route_policy(annotations);
      EXPECT_TRUE(policy.is_refused()) << key << ": " << value;
      EXPECT_THAT(policy.issues,
                  Contains(AllOf(Field(&Issue::name, HasSubstr(key)),
                                 Field(&Issue::why, HasSubstr("a whole number from 1 to ")),
                                 Field(&Issue::remedy, HasSubstr("Mend it")))))
          << key << ": " << value;
    }
  }
  EXPECT_TRUE(
      read_route_policy(nginx({{"limit-rps", "1"}, {"limit-burst-multiplier", "0"}})).is_refused());
}

TEST(Limits, AListOfExemptionsThatCannotBeReadClosesTheIngress) {
  for (const char* key : {"limit-whitelist", "limit-allowlist"}) {
    for (const char* value : {"10.0.0.0/33", "office", "10.0.0.0/8,x", ","}) {
      EXPECT_TRUE(read_route_policy(nginx({{"limit-rps", "1"}, {key, value}})).is_refused())
          << key << ": " << value;
    }
  }
  EXPECT_TRUE(read_route_policy(nginx({{"limit-rps", "1"},
                                       {"limit-whitelist", "10.0.0.0/8"},
                                       {"limit-allowlist", "10.0.0.0/9"}}))
                  .is_refused());
}

TEST(Limits, OfAnotherControllerCloseTheIngressStill) {
  EXPECT_TRUE(read_route_policy({{"mse.ingress.kubernetes.io/limit-rps", "5"}}).is_refused());
  EXPECT_FALSE(read_route_policy({{"mse.ingress.kubernetes.io/limit-rps", "0"}}).is_refused());
}

TEST(Limits, AreOfEachIngressForItselfAndOfAllItsPathsAndHostsTogether) {
  ViewBuilder cluster;
  cluster.service("shop/web", 80, {"10.0.0.1"});
  for (const char* name : {"a", "b"}) {
    cluster.ingress(an_ingress(std::string("shop/") + name)
                        .annotation("nginx.ingress.kubernetes.io/limit-rps", "5")
                        .path(std::string(name) + ".example", "/", "web", 80)
                        .path(std::string(name) + ".example", "/x", "web", 80)
                        .path(std::string(name) + "2.example", "/", "web", 80));
  }
  const Compiled compiled = compile(cluster.view);
  const auto& config = compiled.config;
  const auto id_of = [&](const char* host, std::size_t route) {
    return config.guards.at(config.hosts.at(host)->routes.at(route).policies->guards)->limits->id;
  };
  EXPECT_THAT(config.guards, SizeIs(2));
  EXPECT_EQ(id_of("a.example", 0), "shop/a");
  EXPECT_EQ(id_of("a.example", 1), "shop/a");
  EXPECT_EQ(id_of("a2.example", 0), "shop/a");
  EXPECT_EQ(id_of("b.example", 0), "shop/b");
}

TEST(Limits, ACanaryThatSaysTheSameLimitsJoinsAndOneThatSaysOthersDoesNot) {
  for (const char* limit : {"5", "6"}) {
    ViewBuilder cluster;
    cluster.service("shop/web", 80, {"10.0.0.1"}).service("shop/next", 80, {"10.0.0.2"});
    cluster.ingress(an_ingress("shop/www")
                        .annotation("nginx.ingress.kubernetes.io/limit-rps", "5")
                        .path("a.example", "/", "web", 80));
    cluster.ingress(an_ingress("shop/canary")
                        .annotation("nginx.ingress.kubernetes.io/limit-rps", limit)
                        .annotation("nginx.ingress.kubernetes.io/canary", "true")
                        .annotation("nginx.ingress.kubernetes.io/canary-weight", "50")
                        .path("a.example", "/", "next", 80));
    const Compiled compiled = compile(cluster.view);
    const auto& policies = compiled.config.hosts.at("a.example")->routes.at(0).policies;
    EXPECT_THAT(policies->splits, SizeIs(limit == std::string("5") ? 1 : 0)) << limit;
  }
}

}  // namespace
}  // namespace ingress::annotations
