#include "operator/routing/config_of_groups.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace routing {
namespace {

using proxy::config::Arrivals;
using proxy::config::Certificate;
using proxy::config::ChallengeAnswer;
using proxy::config::Cluster;
using proxy::config::Guards;
using proxy::config::ProxyConfig;
using proxy::config::Shape;
using proxy::config::VirtualHost;

// A host with its certificate, and what all groups have.
ProxyConfig a_group(const std::string& host, std::uint16_t port = 8080) {
  ProxyConfig config;
  Cluster cluster;
  cluster.endpoints = {{"10.0.0.1", port}};
  config.clusters.insert_or_assign("shop/web:80",
                                   std::make_shared<const Cluster>(std::move(cluster)));
  config.hosts.insert_or_assign(host, std::make_shared<const VirtualHost>());
  config.certificates.insert_or_assign("shop/" + host, std::make_shared<const Certificate>());
  config.sni.insert_or_assign(host, "shop/" + host);
  config.guards.insert_or_assign("guards", std::make_shared<const Guards>());
  config.shapes.insert_or_assign("shape", std::make_shared<const Shape>());
  return config;
}

TEST(ConfigOfGroups, WhatSeveralHaveStaysUntilTheLastOfThemGoes) {
  ConfigOfGroups groups;
  groups.begin_round();
  const ProxyConfig one = groups.add(a_group("a.example"));
  const ProxyConfig other = groups.add(a_group("b.example"));
  const ProxyConfig third = groups.add(a_group("c.example"));
  EXPECT_FALSE(groups.has_conflict());
  EXPECT_EQ(groups.all().hosts.size(), 3U);
  EXPECT_EQ(groups.all().clusters.size(), 1U);
  groups.remove(one);
  groups.remove(third);
  EXPECT_EQ(groups.all().hosts.size(), 1U);
  EXPECT_EQ(groups.all().certificates.size(), 1U);
  EXPECT_EQ(groups.all().sni.at("b.example"), "shop/b.example");
  EXPECT_TRUE(groups.all().clusters.contains("shop/web:80"));
  EXPECT_TRUE(groups.all().guards.contains("guards"));
  EXPECT_TRUE(groups.all().shapes.contains("shape"));
  groups.remove(other);
  EXPECT_TRUE(groups.all().hosts.empty());
  EXPECT_TRUE(groups.all().certificates.empty());
  EXPECT_TRUE(groups.all().sni.empty());
  EXPECT_TRUE(groups.all().clusters.empty());
  EXPECT_TRUE(groups.all().guards.empty());
  EXPECT_TRUE(groups.all().shapes.empty());
}

TEST(ConfigOfGroups, WhatComesBackInTheSameRoundKeepsItsAddress) {
  ConfigOfGroups groups;
  groups.begin_round();
  const ProxyConfig before = groups.add(a_group("a.example"));
  groups.begin_round();
  groups.remove(before);
  const ProxyConfig after = groups.add(a_group("a.example"));
  EXPECT_EQ(after.hosts.at("a.example"), before.hosts.at("a.example"));
  EXPECT_EQ(groups.all().hosts.at("a.example"), before.hosts.at("a.example"));
  EXPECT_EQ(groups.all().clusters.at("shop/web:80"), before.clusters.at("shop/web:80"));
  groups.remove(after);
  groups.begin_round();
  const ProxyConfig later = groups.add(a_group("a.example"));
  EXPECT_NE(later.hosts.at("a.example"), before.hosts.at("a.example")) << "it was forgotten";
}

// All of its groups are compiled again, one after the other.
TEST(ConfigOfGroups, OfAClusterThatHasChangedTheLatestWordCounts) {
  ConfigOfGroups groups;
  groups.begin_round();
  const ProxyConfig one = groups.add(a_group("a.example"));
  const ProxyConfig other = groups.add(a_group("b.example"));
  EXPECT_EQ(other.clusters.at("shop/web:80"), one.clusters.at("shop/web:80"));
  groups.begin_round();
  groups.remove(one);
  const ProxyConfig changed = groups.add(a_group("a.example", 9090));
  EXPECT_EQ(groups.all().clusters.at("shop/web:80")->endpoints.at(0).port, 9090);
  groups.remove(changed);
  EXPECT_TRUE(groups.all().clusters.contains("shop/web:80")) << "the other group has it, too";
}

// The same, with the certificate that all share.
ProxyConfig showing_to_all(const std::string& host, const std::string& chain) {
  ProxyConfig config;
  config.certificates.insert_or_assign(
      "shop/wildcard", std::make_shared<const Certificate>(Certificate{chain, "key"}));
  config.sni.insert_or_assign(host, "shop/wildcard");
  return config;
}

TEST(ConfigOfGroups, ACertificateThatSeveralShowIsOneAndStaysUntilTheLastOfThemGoes) {
  ConfigOfGroups groups;
  groups.begin_round();
  const ProxyConfig one = groups.add(showing_to_all("a.example", "chain"));
  const ProxyConfig other = groups.add(showing_to_all("b.example", "chain"));
  EXPECT_FALSE(groups.has_conflict());
  EXPECT_EQ(other.certificates.at("shop/wildcard"), one.certificates.at("shop/wildcard"));
  EXPECT_THAT(groups.take_replaced_certificates(), testing::IsEmpty());
  groups.remove(one);
  EXPECT_EQ(groups.all().certificates.at("shop/wildcard"), one.certificates.at("shop/wildcard"));
  EXPECT_FALSE(groups.all().sni.contains("a.example"));
  groups.remove(other);
  EXPECT_TRUE(groups.all().certificates.empty());
}

TEST(ConfigOfGroups, ANameOfWhichAllSayTheSameIsNoConflictAndStaysUntilTheLastOfThemGoes) {
  ConfigOfGroups groups;
  groups.begin_round();
  const ProxyConfig one = groups.add(showing_to_all("*.example", "chain"));
  const ProxyConfig other = groups.add(showing_to_all("*.example", "chain"));
  EXPECT_FALSE(groups.has_conflict());
  groups.remove(one);
  EXPECT_EQ(groups.all().sni.at("*.example"), "shop/wildcard");
  ProxyConfig another;
  another.sni.insert_or_assign("*.example", "shop/another");
  another = groups.add(another);
  EXPECT_TRUE(groups.has_conflict());
  EXPECT_EQ(groups.all().sni.at("*.example"), "shop/wildcard");
  groups.remove(another);
  groups.remove(other);
  EXPECT_TRUE(groups.all().sni.empty());
}

TEST(ConfigOfGroups, ACertificateThatOthersStillShowAsItWasIsToldAsReplaced) {
  ConfigOfGroups groups;
  groups.begin_round();
  const ProxyConfig one = groups.add(showing_to_all("a.example", "chain"));
  const ProxyConfig other = groups.add(showing_to_all("b.example", "chain"));
  groups.begin_round();
  groups.remove(one);
  const ProxyConfig changed = groups.add(showing_to_all("a.example", "another chain"));
  EXPECT_EQ(groups.all().certificates.at("shop/wildcard"),
            changed.certificates.at("shop/wildcard"));
  EXPECT_THAT(groups.take_replaced_certificates(), testing::ElementsAre("shop/wildcard"));
  EXPECT_THAT(groups.take_replaced_certificates(), testing::IsEmpty());
  groups.remove(other);
  groups.add(showing_to_all("b.example", "another chain"));
  EXPECT_THAT(groups.take_replaced_certificates(), testing::IsEmpty());
}

TEST(ConfigOfGroups, TwoThatClaimOneHostAreAConflictUntilTheNextRound) {
  ConfigOfGroups groups;
  groups.begin_round();
  const ProxyConfig one = groups.add(a_group("a.example"));
  EXPECT_FALSE(groups.has_conflict());
  groups.add(a_group("a.example"));
  EXPECT_TRUE(groups.has_conflict());
  EXPECT_EQ(groups.all().hosts.at("a.example"), one.hosts.at("a.example"));
  groups.begin_round();
  EXPECT_FALSE(groups.has_conflict());
}

TEST(ConfigOfGroups, WhatIsOfNoGroupStaysWhileGroupsComeAndGo) {
  ConfigOfGroups groups;
  ProxyConfig::Section<Arrivals> arrivals;
  EXPECT_FALSE(groups.put_arrivals(arrivals));
  arrivals.insert_or_assign("", std::make_shared<const Arrivals>());
  EXPECT_TRUE(groups.put_arrivals(arrivals));
  const auto held = groups.all().arrivals.at("");
  arrivals.insert_or_assign("", std::make_shared<const Arrivals>());
  EXPECT_FALSE(groups.put_arrivals(arrivals));
  EXPECT_EQ(groups.all().arrivals.at(""), held);
  ProxyConfig::Section<ChallengeAnswer> challenges;
  challenges.insert_or_assign("token", std::make_shared<const ChallengeAnswer>());
  groups.put_challenges(challenges);
  groups.begin_round();
  groups.remove(groups.add(a_group("a.example")));
  EXPECT_EQ(groups.all().arrivals.size(), 1U);
  EXPECT_EQ(groups.all().challenges.size(), 1U);
}

}  // namespace
}  // namespace routing
