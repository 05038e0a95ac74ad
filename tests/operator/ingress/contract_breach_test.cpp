#include "operator/ingress/contract_breach.h"

#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/config/valid_config.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using ingress_test::an_ingress;
using ingress_test::ViewBuilder;
using routing::Complaint;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

Compiled compiled() {
  return compile(ViewBuilder()
                     .service("shop/web", 80, {"10.0.0.1"})
                     .ingress(an_ingress("shop/www").path("shop.example", "/", "web", 80))
                     .view);
}

TEST(ContractBreach, WhatKeepsTheContractIsLeftAsItIs) {
  Compiled made = compiled();
  const auto hosts = made.config.hosts;
  EXPECT_FALSE(close_where_contract_breaks(made));
  EXPECT_EQ(made.config.hosts, hosts);
  EXPECT_EQ(made.complaints, compiled().complaints);
}

TEST(ContractBreach, ClosesTheHostsOfThoseWhoBreakItAndTellsThem) {
  Compiled made = compiled();
  proxy::config::VirtualHost broken = *made.config.hosts.at("shop.example");
  ASSERT_FALSE(broken.routes.empty());
  broken.routes.front().path = "no path";
  made.config.hosts.insert_or_assign("shop.example",
                                     std::make_shared<const proxy::config::VirtualHost>(broken));
  EXPECT_TRUE(close_where_contract_breaks(made));
  EXPECT_TRUE(proxy::config::validate(made.config));
  const auto& host = *made.config.hosts.at("shop.example");
  EXPECT_TRUE(host.routes.empty());
  ASSERT_TRUE(host.default_route);
  EXPECT_EQ(std::get<proxy::config::FixedAnswer>(host.default_route->action).status, 503);
  EXPECT_EQ(made.summaries.front().paths_served, 0u);
  EXPECT_EQ(made.summaries.front().paths_closed, 1u);
  EXPECT_THAT(made.complaints,
              Contains(AllOf(Field(&Complaint::reason, "ConfigurationInvalid"),
                             Field(&Complaint::message, HasSubstr("must start with '/'")))));
}

TEST(ContractBreach, WhoeverIsInOneGroupWithABreachStaysServed) {
  Compiled made = compile(ViewBuilder()
                              .service("shop/web", 80, {"10.0.0.1"})
                              .ingress(an_ingress("shop/www").path("shop.example", "/", "web", 80))
                              .ingress(an_ingress("bad/one")
                                           .created_after(std::chrono::seconds(1))
                                           .path("bad.example", "/", "web", 80)
                                           .path("shop.example", "/", "web", 80))
                              .view);
  proxy::config::VirtualHost broken = *made.config.hosts.at("bad.example");
  broken.routes.front().path = "no path";
  const auto other = made.config.hosts.at("shop.example");
  made.config.hosts.insert_or_assign("bad.example",
                                     std::make_shared<const proxy::config::VirtualHost>(broken));
  made.config.clusters.insert_or_assign(std::string(600, 'x'),
                                        std::make_shared<const proxy::config::Cluster>());
  EXPECT_TRUE(close_where_contract_breaks(made));
  EXPECT_TRUE(proxy::config::validate(made.config));
  EXPECT_EQ(made.config.hosts.at("shop.example"), other);
  EXPECT_TRUE(made.config.hosts.at("bad.example")->routes.empty());
  for (const Complaint& one : made.complaints) {
    EXPECT_TRUE(one.reason != "ConfigurationInvalid" || one.claimant.key().text() == "bad/one");
  }
}

TEST(ContractBreach, AHostWhoseNameIsNoneIsLeftOut) {
  Compiled made = compiled();
  const auto compiled_host = made.config.hosts.at("shop.example");
  made.config.hosts.insert_or_assign("No Host", made.config.hosts.at("shop.example"));
  EXPECT_TRUE(close_where_contract_breaks(made));
  EXPECT_TRUE(proxy::config::validate(made.config));
  EXPECT_EQ(made.config.hosts.size(), 1u);
  EXPECT_EQ(made.config.hosts.at("shop.example"), compiled_host);
}

}  // namespace
}  // namespace ingress
