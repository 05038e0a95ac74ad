#include "operator/control/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace control {
namespace {

using proxy::config::Certificate;
using proxy::config::certificate_hash;
using proxy::config::Cluster;
using proxy::config::Delta;
using proxy::config::ProxyConfig;
using proxy::config::VirtualHost;
using testing::ElementsAre;
using testing::IsEmpty;

std::shared_ptr<const ProxyConfig> state(
    std::initializer_list<std::pair<const char*, const char*>> certificates,
    std::initializer_list<const char*> hosts = {}) {
  ProxyConfig config;
  for (const auto& [id, content] : certificates) {
    config.certificates[id] = std::make_shared<const Certificate>(Certificate{content, "key"});
  }
  for (const char* host : hosts) config.hosts[host] = std::make_shared<const VirtualHost>();
  return std::make_shared<const ProxyConfig>(config);
}

std::string hash(const char* content) {
  return certificate_hash({content, "key"});
}

Delta read(const std::shared_ptr<const std::string>& answer) {
  EXPECT_NE(answer, nullptr);
  return answer ? proxy::config::delta_from_json(*answer).value() : Delta{};
}

TEST(History, BeforeTheFirstStateThereIsNothingToSay) {
  History history;
  EXPECT_EQ(history.answer("", ""), nullptr);
  EXPECT_EQ(history.revision(), "");
}

TEST(History, ANewcomerGetsTheFullStateAndOneWhoHasItNothing) {
  History history;
  EXPECT_TRUE(history.publish(state({{"a/b", "one"}}, {"a.example"})));
  const Delta full = read(history.answer("", ""));
  EXPECT_TRUE(full.full);
  EXPECT_EQ(full.revision, history.revision());
  EXPECT_EQ(full.certificates.set.at("a/b"), hash("one"));
  EXPECT_EQ(history.answer(history.revision(), ""), nullptr);
}

TEST(History, TheSameStateAgainIsNoNews) {
  History history;
  history.publish(state({}, {"a.example"}));
  EXPECT_FALSE(history.publish(state({}, {"a.example"})));
}

TEST(History, OneWhoIsSomeStepsBehindGetsWhatChangedSince) {
  History history;
  history.publish(state({{"a/b", "one"}}, {"a.example", "b.example"}));
  const std::string first = history.revision();
  history.publish(state({{"a/b", "two"}}, {"a.example", "b.example", "c.example"}));
  history.publish(state({{"a/b", "three"}}, {"b.example", "c.example"}));
  const Delta delta = read(history.answer(first, ""));
  EXPECT_FALSE(delta.full);
  EXPECT_EQ(delta.revision, history.revision());
  EXPECT_EQ(delta.certificates.set.at("a/b"), hash("three"));
  EXPECT_EQ(delta.hosts.set.count("c.example"), 1u);
  EXPECT_THAT(delta.hosts.removed, ElementsAre("a.example"));
  EXPECT_THAT(delta.clusters.set, IsEmpty());
}

TEST(History, TheStepsTogetherLeadToTheSameStateAsTheFullOne) {
  History history;
  const auto first = state({{"a/b", "one"}}, {"a.example"});
  history.publish(first);
  const std::string after = history.revision();
  history.publish(state({{"a/b", "two"}, {"c/d", "x"}}, {"b.example"}));
  history.publish(state({{"a/b", "one"}}, {"b.example"}));
  const auto last = state({{"e/f", "y"}}, {"a.example", "c.example"});
  history.publish(last);
  const Delta delta = read(history.answer(after, ""));
  proxy::config::CertificatesByHash certificates;
  for (const auto& [id, wanted] : delta.certificates.set) {
    certificates.merge(history.find_certificates({wanted}));
  }
  for (const auto& change : {delta.certificates}) EXPECT_EQ(change.removed.count("a/b"), 1u);
  const auto applied = proxy::config::apply(*first, delta, certificates);
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_EQ(proxy::config::revision_of(*applied), proxy::config::revision_of(*last));
}

TEST(History, AStateThatComesBackIsReachedFromItsLatestTime) {
  History history;
  history.publish(state({}, {"a.example"}));
  const std::string first = history.revision();
  history.publish(state({}, {"b.example"}));
  history.publish(state({}, {"a.example"}));
  EXPECT_EQ(history.answer(first, ""), nullptr);
  history.publish(state({}, {"a.example", "c.example"}));
  const Delta delta = read(history.answer(first, ""));
  EXPECT_THAT(delta.hosts.removed, IsEmpty());
  EXPECT_EQ(delta.hosts.set.size(), 1u);
}

TEST(History, AnUnknownOrForgottenRevisionGetsTheFullState) {
  History history(2);
  history.publish(state({}, {"a.example"}));
  const std::string first = history.revision();
  EXPECT_TRUE(read(history.answer(std::string(64, '0'), "")).full);
  for (const char* host : {"b.example", "c.example"}) history.publish(state({}, {host}));
  EXPECT_FALSE(read(history.answer(first, "")).full);
  history.publish(state({}, {"d.example"}));
  EXPECT_TRUE(read(history.answer(first, "")).full);
}

TEST(History, WhatWasRefusedIsNotSentAgainButTheNextIs) {
  History history;
  history.publish(state({}, {"a.example"}));
  const std::string live = history.revision();
  history.publish(state({}, {"b.example"}));
  const std::string refused = history.revision();
  EXPECT_EQ(history.answer(live, refused), nullptr);
  EXPECT_EQ(history.answer("", refused), nullptr);
  history.publish(state({}, {"c.example"}));
  EXPECT_EQ(read(history.answer(live, refused)).revision, history.revision());
}

TEST(History, TheAnswerForManyIsMadeOnce) {
  History history;
  history.publish(state({}, {"a.example"}));
  EXPECT_EQ(history.answer("", ""), history.answer("", ""));
  EXPECT_EQ(history.answer("", ""), history.answer(std::string(64, '1'), ""));
}

TEST(History, CertificatesOfRememberedStepsCanStillBeFetchedAndNoOthers) {
  History history(1);
  history.publish(state({{"a/b", "one"}}));
  history.publish(state({{"a/b", "two"}}));
  EXPECT_EQ(history.find_certificates({hash("one"), hash("two"), hash("three")}).size(), 2u);
  history.publish(state({{"a/b", "three"}}));
  EXPECT_EQ(history.find_certificates({hash("one")}).size(), 0u);
  EXPECT_EQ(history.find_certificates({hash("two"), hash("three")}).size(), 2u);
}

}  // namespace
}  // namespace control
