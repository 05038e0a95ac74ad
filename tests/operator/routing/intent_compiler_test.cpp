#include "operator/routing/intent_compiler.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/resources/service.h"

namespace routing {
namespace {

using proxy::config::FixedAnswer;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Rank rank(ClaimantKind kind, const std::string& namespace_, const std::string& name, int age) {
  return {false, Claimant(kind, {namespace_, name}, "uid-of-" + name,
                          base::WallTime{} + seconds(1000 - age))};
}

PathIntent path(const std::string& text) {
  PathIntent made{.text = text};
  made.plain = PlainPath{proxy::config::PathMatch::prefix, text};
  made.backend.service = {.name = "web", .port_number = 80};
  return made;
}

// "shop/web", without an endpoint.
Resources with_a_service() {
  kube::Service service;
  service.metadata.namespace_ = "shop";
  service.metadata.name = "web";
  service.ports.emplace_back().port = 80;
  Resources resources{};
  resources.services.push_back(std::make_shared<const kube::Service>(std::move(service)));
  return resources;
}

Intent forwarding(Rank by, const std::string& host) {
  Intent intent{.rank = std::move(by)};
  intent.hosts.push_back({.host = host, .paths = {path("/")}});
  return intent;
}

// Answers 204 by itself.
Intent answering(Rank by, const std::string& host, const std::string& text = "/") {
  Intent intent{.rank = std::move(by)};
  intent.answer = FixedAnswer{204, "said"};
  intent.hosts.push_back({.host = host, .paths = {path(text)}});
  return intent;
}

class IntentCompilerTest : public testing::Test {
 protected:
  // In the order in which they have their say. absent: of whom nothing is served.
  CompiledIntents compile(const std::vector<Intent>& intents,
                          const std::vector<Intent>& absent = {}) {
    std::vector<HostClaims> claims;
    for (const auto* const all : {&intents, &absent}) {
      for (const Intent& intent : *all) {
        HostClaims& asked = claims.emplace_back(HostClaims{intent.rank.claimant, {}});
        for (const HostIntent& host : intent.hosts) asked.hosts.push_back(host.host);
      }
    }
    BackendResolver backends(resources_);
    IntentCompiler compiler(resources_, backends, claims, false);
    for (const Intent& intent : intents) compiler.add(intent);
    for (const Intent& intent : absent) {
      compiler.close_beside(intent.rank.claimant, {intent.hosts.front().host}, true);
    }
    return compiler.finish();
  }

  static std::vector<std::string> told(const CompiledIntents& compiled) {
    std::vector<std::string> all;
    for (const Complaint& one : bounded(compiled.complaints)) {
      all.push_back(one.claimant.text() + " " + one.reason + " " + one.message);
    }
    return all;
  }

  // Of the first route of a.example; 0: it reaches a cluster.
  static int status_of(const CompiledIntents& compiled) {
    const auto& action = compiled.config.hosts.at("a.example")->routes.at(0).action;
    const auto* const answer = std::get_if<FixedAnswer>(&action);
    return answer == nullptr ? 0 : answer->status;
  }

  const Resources resources_ = with_a_service();
  const Rank old_ = rank("Ingress", "shop", "www", 2);
  const Rank young_ = rank("HTTPRoute", "shop", "www", 1);
};

TEST_F(IntentCompilerTest, OfTwoKindsTheOlderOneHasThePlaceAndTheOtherIsTold) {
  const CompiledIntents compiled =
      compile({answering(old_, "a.example"), answering(young_, "a.example")});
  ASSERT_TRUE(compiled.config.hosts.contains("a.example"));
  EXPECT_THAT(compiled.config.hosts.at("a.example")->routes, SizeIs(1));
  EXPECT_THAT(told(compiled), ElementsAre(HasSubstr("HTTPRoute shop/www PathConflict The path "
                                                    "prefix / on a.example is not taken from this "
                                                    "HTTPRoute: the older Ingress shop/www")));
  EXPECT_EQ(compiled.outcomes.at(old_.claimant.kind_and_key()).paths_served, 1U);
  EXPECT_EQ(compiled.outcomes.at(young_.claimant.kind_and_key()).paths_served, 0U);
}

TEST_F(IntentCompilerTest, TwoKindsWithOneNameHaveAnOutcomeEach) {
  const CompiledIntents compiled =
      compile({answering(old_, "a.example"), answering(young_, "b.example")});
  EXPECT_THAT(compiled.outcomes, SizeIs(2));
  EXPECT_THAT(compiled.outcomes.at(old_.claimant.kind_and_key()).hosts, ElementsAre("a.example"));
  EXPECT_THAT(compiled.outcomes.at(young_.claimant.kind_and_key()).hosts, ElementsAre("b.example"));
  EXPECT_THAT(told(compiled), IsEmpty());
}

TEST_F(IntentCompilerTest, AHostOfAnotherNamespaceIsDenied) {
  const Rank foreign = rank("HTTPRoute", "bank", "www", 0);
  const CompiledIntents compiled =
      compile({answering(old_, "a.example"), answering(foreign, "a.example", "/mine")});
  EXPECT_THAT(compiled.config.hosts.at("a.example")->routes, SizeIs(1));
  const Outcome& outcome = compiled.outcomes.at(foreign.claimant.kind_and_key());
  EXPECT_THAT(outcome.hosts, IsEmpty());
  EXPECT_THAT(outcome.hosts_denied, ElementsAre("a.example"));
  EXPECT_THAT(told(compiled), ElementsAre(HasSubstr("HTTPRoute bank/www HostNotOwned"),
                                          HasSubstr("Ingress shop/www HostAskedFor")));
}

TEST_F(IntentCompilerTest, OfWhoIsRefusedNothingIsReachedAndNoBackendIsAskedAbout) {
  Intent refused = answering(old_, "a.example");
  refused.is_refused = true;
  const CompiledIntents compiled = compile({refused});
  EXPECT_EQ(status_of(compiled), 503);
  EXPECT_EQ(compiled.outcomes.at(old_.claimant.kind_and_key()).paths_closed, 1U);
  EXPECT_THAT(told(compiled), IsEmpty());
}

TEST_F(IntentCompilerTest, WhatStandsInPlaceOfAServiceIsSaidOnceForAllItsPaths) {
  Intent intent{.rank = old_};
  HostIntent host{.host = "a.example", .paths = {path("/one"), path("/two")}};
  for (PathIntent& one : host.paths) {
    one.backend.nowhere = closed("no_backend", "BackendMissing", "a backend names nothing");
  }
  intent.hosts.push_back(std::move(host));
  const CompiledIntents compiled = compile({intent});
  EXPECT_THAT(told(compiled), ElementsAre("Ingress shop/www BackendMissing Requests for /one, /two "
                                          "are answered with 503: a backend names nothing."));
  EXPECT_EQ(compiled.outcomes.at(old_.claimant.kind_and_key()).paths_closed, 2U);
}

TEST_F(IntentCompilerTest, ARemarkOnAPathIsToldToWhoHasASayAboutItsHostAlone) {
  Intent own = answering(old_, "a.example");
  own.hosts[0].paths[0].remark = Remark{"PathTakenLiterally", "It is a star."};
  Intent foreign = answering(rank("HTTPRoute", "bank", "www", 0), "a.example", "/mine");
  foreign.hosts[0].paths[0].remark = Remark{"PathTakenLiterally", "It is another star."};
  const CompiledIntents compiled = compile({own, foreign});
  EXPECT_THAT(told(compiled),
              testing::Contains("Ingress shop/www PathTakenLiterally It is a star."));
  EXPECT_THAT(told(compiled), testing::Not(testing::Contains(HasSubstr("another star"))));
}

TEST_F(IntentCompilerTest, AHostIsNamedOnceHoweverOftenItsClaimantAsksForIt) {
  Intent twice = answering(old_, "a.example");
  twice.hosts.push_back({.host = "a.example", .paths = {path("/x")}});
  const CompiledIntents compiled =
      compile({twice, answering(young_, "a.example", "/y"), answering(old_, "a.example", "/z")});
  for (const Rank* const by : {&old_, &young_}) {
    EXPECT_THAT(compiled.outcomes.at(by->claimant.kind_and_key()).hosts, ElementsAre("a.example"));
  }
}

TEST_F(IntentCompilerTest, WhatIsGuardedByWhoFindsNoRoomIsNotOpenByAnotherOne) {
  EXPECT_EQ(status_of(compile({forwarding(old_, "a.example")})), 0);
  const CompiledIntents compiled =
      compile({forwarding(old_, "a.example")}, {forwarding(young_, "a.example")});
  EXPECT_EQ(status_of(compiled), 503);
  EXPECT_EQ(compiled.outcomes.at(old_.claimant.kind_and_key()).paths_closed, 1U);
  EXPECT_THAT(told(compiled),
              testing::Contains(HasSubstr("Ingress shop/www HostClosed Requests for a.example are "
                                          "answered with 503: the HTTPRoute shop/www guards")));
}

TEST_F(IntentCompilerTest, ASplitJoinsAPlaceOfAnyKindThatReachesABackend) {
  HostTable::Sought sought;
  sought.route.emplace();
  SplitIntent split{.rank = young_, .split = {}};
  split.guards.emplace();
  split.places.push_back({"a.example", sought, path("/").backend, "the path /"});
  const std::vector<HostClaims> claims = {{old_.claimant, {"a.example"}}};
  for (const bool has_backend : {true, false}) {
    BackendResolver backends(resources_);
    IntentCompiler compiler(resources_, backends, claims, false);
    compiler.add(split);  // before what it joins
    compiler.add(has_backend ? forwarding(old_, "a.example") : answering(old_, "a.example"));
    const CompiledIntents compiled = compiler.finish();
    const Outcome& outcome = compiled.outcomes.at(young_.claimant.kind_and_key());
    EXPECT_EQ(outcome.paths_served, has_backend ? 1U : 0U);
    const auto& route = compiled.config.hosts.at("a.example")->routes.at(0);
    EXPECT_THAT(route.policies->splits, SizeIs(has_backend ? 1 : 0));
    if (has_backend) continue;
    EXPECT_THAT(told(compiled),
                ElementsAre("HTTPRoute shop/www CanaryNotJoined This canary gets no request for "
                            "the path / of a.example: the Ingress shop/www answers there without "
                            "a backend."));
  }
}

}  // namespace
}  // namespace routing
