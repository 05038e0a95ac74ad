#include "operator/ingress/annotations/endpoint_rules.h"

#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/compiler.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress::annotations {
namespace {

using proxy::config::EndpointRules;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kPrefix = "gatehouse.dev/";

TEST(EndpointRules, AreWhatIsSaid) {
  Issues issues;
  const AnnotationMap said{{kPrefix + "max-requests-per-endpoint", "200"},
                           {kPrefix + "max-connections-per-endpoint", "50"},
                           {kPrefix + "eject-after", " 3 "},
                           {kPrefix + "slow-start", "2m"}};
  EXPECT_EQ(read_endpoint_rules(said, issues), (EndpointRules{200, 50, 3, 120}));
  EXPECT_THAT(issues, IsEmpty());
}

TEST(EndpointRules, WhatSaysNoAsksForNothing) {
  for (const std::string key :
       {"max-requests-per-endpoint", "max-connections-per-endpoint", "eject-after", "slow-start"}) {
    for (const std::string value : {"0", "off", "false"}) {
      Issues issues;
      EXPECT_EQ(read_endpoint_rules({{kPrefix + key, value}}, issues), EndpointRules{}) << key;
      EXPECT_THAT(issues, IsEmpty()) << key << " " << value;
    }
  }
}

TEST(EndpointRules, WhatCannotBeReadIsSaidAndLeftOut) {
  const std::pair<std::string, std::string> kBroken[] = {{"max-requests-per-endpoint", "many"},
                                                         {"max-requests-per-endpoint", "-1"},
                                                         {"max-requests-per-endpoint", "1000001"},
                                                         {"max-connections-per-endpoint", "1.5"},
                                                         {"eject-after", "1001"},
                                                         {"eject-after", "on"},
                                                         {"slow-start", "2h"},
                                                         {"slow-start", "soon"}};
  for (const auto& [key, value] : kBroken) {
    Issues issues;
    EXPECT_EQ(read_endpoint_rules({{kPrefix + key, value}}, issues), EndpointRules{}) << key;
    ASSERT_THAT(issues, SizeIs(1)) << key << " " << value;
    EXPECT_EQ(issues[0].effect, Issue::Effect::tunes);
  }
}

TEST(EndpointRules, AreAClusterOfTheirOwn) {
  const Compiled compiled =
      compile(ingress_test::ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .ingress(ingress_test::an_ingress("shop/few")
                               .annotation(kPrefix + "max-requests-per-endpoint", "20")
                               .annotation(kPrefix + "slow-start", "30s")
                               .path("a.example", "/", "web", 80))
                  .ingress(ingress_test::an_ingress("shop/plain").path("b.example", "/", "web", 80))
                  .view);
  EXPECT_THAT(compiled.complaints, IsEmpty());
  const auto& few = compiled.config.clusters.at("shop/web:80;rules=20,0,0,30")->endpoint_rules;
  ASSERT_TRUE(few);
  EXPECT_EQ(*few, (EndpointRules{20, 0, 0, 30}));
  EXPECT_FALSE(compiled.config.clusters.at("shop/web:80")->endpoint_rules);
}

}  // namespace
}  // namespace ingress::annotations
