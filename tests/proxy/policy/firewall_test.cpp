#include "proxy/policy/firewall.h"

#include <gtest/gtest.h>

#include "proxy/policy/guards.h"

namespace proxy::policy {
namespace {

using config::Firewall;
using config::FirewallMode;

const Inspection kClean{};
const Inspection kAttack{.is_attack = true, .rules = {942100}};
const Inspection kTooSlow{.trouble = "firewall_too_slow"};
const Inspection kTooLarge{.trouble = "firewall_body_too_large", .trouble_status = 413};

TEST(Firewall, AnAttackIsRefusedWhereItBlocks) {
  EXPECT_TRUE(verdict_on(kClean, {}).passes());
  const Verdict verdict = verdict_on(kAttack, {});
  EXPECT_EQ(verdict.status, 403);
  EXPECT_EQ(verdict.reason, "firewall");
  EXPECT_FALSE(verdict_on(kAttack, {.passes_uninspected = true}).passes());
}

TEST(Firewall, WhatWasNotInspectedIsRefusedUnlessItMayPass) {
  EXPECT_EQ(verdict_on(kTooSlow, {}).status, 503);
  EXPECT_EQ(verdict_on(kTooSlow, {}).reason, "firewall_too_slow");
  EXPECT_GT(verdict_on(kTooSlow, {}).retry_after.count(), 0);
  EXPECT_EQ(verdict_on(kTooLarge, {}).status, 413);
  EXPECT_EQ(verdict_on(kTooLarge, {}).retry_after.count(), 0);
  EXPECT_TRUE(verdict_on(kTooSlow, {.passes_uninspected = true}).passes());
}

TEST(Firewall, WhoOnlyDetectsRefusesNothing) {
  const Firewall detects{.mode = FirewallMode::detect};
  for (const Inspection& one : {kClean, kAttack, kTooSlow, kTooLarge}) {
    EXPECT_TRUE(verdict_on(one, detects).passes());
  }
}

TEST(Firewall, IsAskedLastAndOnceBySettings) {
  config::Guards config;
  config.denied = {*config::Network::parse("192.0.2.0/24")};
  config.firewall = Firewall{};
  const Guards guards(config);
  std::string storage;
  OpenQuestion denied;
  EXPECT_EQ(guards.check({.address = "192.0.2.1"}, denied, storage).status, 403);
  EXPECT_FALSE(denied.is_open());

  OpenQuestion question;
  EXPECT_EQ(guards.check({.address = "198.51.100.1"}, question, storage).status, 503);
  ASSERT_TRUE(question.is_open());
  ASSERT_NE(question.firewall, nullptr);

  Inspections inspections;
  inspections.add(question.firewall, kAttack);
  OpenQuestion again;
  const Asker asker{.address = "198.51.100.1", .inspections = &inspections};
  EXPECT_EQ(guards.check(asker, again, storage).reason, "firewall");
  EXPECT_FALSE(again.is_open());

  config.firewall->paranoia_level = 2;  // by these settings it was not inspected
  OpenQuestion other;
  EXPECT_FALSE(Guards(config).check(asker, other, storage).passes());
  EXPECT_TRUE(other.is_open());
}

TEST(Firewall, APreflightGoesNoFurtherAndIsNotInspected) {
  config::Guards config;
  config.firewall = Firewall{};
  std::string storage;
  OpenQuestion question;
  EXPECT_TRUE(Guards(config)
                  .check({.address = "198.51.100.1", .is_preflight = true}, question, storage)
                  .passes());
}

}  // namespace
}  // namespace proxy::policy
