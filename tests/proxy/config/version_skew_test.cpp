#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/config/rendering.h"
#include "proxy/config/wire.h"
#include "tests/proxy/config/first_release.h"
#include "tests/proxy/config/random_config.h"

namespace proxy::config {

// A value as a coming release may have it.
struct Door {
  Action action = Forward{"ns/a:80"};
  std::uint64_t width = 0;
  std::string key{};
  bool operator==(const Door&) const = default;
};

template <>
struct Fields<Door> {
  static constexpr const char* kName = "door";
  static constexpr auto kList = std::tuple(field("", &Door::action, OneAction{}),
                                           added(field("width", &Door::width, Number{9})),
                                           guard(field("key", &Door::key, Text{9})));
};

void close(Door& door) {
  door.action = closed_by_unknown_guard();
}

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string full_delta(const ProxyConfig& config) {
  return delta_to_json(full_state(config));
}

std::shared_ptr<const ProxyConfig> shared(ProxyConfig config) {
  return std::make_shared<const ProxyConfig>(std::move(config));
}

// One host with one route, as a newer operator says it.
std::string said(const std::string& more_of_route, const std::string& more_of_host = "") {
  return R"({"revision": ")" + std::string(64, 'a') +
         R"(", "full": true, "hosts": {"set": {"shop.example": {"routes": [)" +
         R"({"path": "/", "answer": {"status": 404, "reason": "known"})" + more_of_route + "}]" +
         more_of_host + "}}}}";
}

std::string answer_of(const Delta& delta) {
  const Route& route = delta.hosts.set.at("shop.example").routes.at(0);
  return std::get<FixedAnswer>(route.action).reason;
}

TEST(VersionSkew, AProxyOfTheFirstReleaseAcceptsWhateverTodaysOperatorSaysToIt) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    const auto state = shared(RandomConfig(seed).next());
    const auto told = rendered(state, Dialect());
    ASSERT_EQ(first_release::refusal(full_delta(*told)), "") << full_delta(*told);
    ASSERT_TRUE(validate(*told)) << validate(*told).error().message;
  }
}

TEST(VersionSkew, WhoUsesNoNewFieldHasTheRevisionsOfTheFirstRelease) {
  ProxyConfig state;
  VirtualHost host;
  host.routes.push_back({PathMatch::exact, "/a", FixedAnswer{503, "x"}, Policies{7}});
  host.default_route = DefaultRoute{FixedAnswer{404, "no_backend"}};
  state.hosts["shop.example"] = std::make_shared<const VirtualHost>(host);
  EXPECT_EQ(first_release::refusal(full_delta(state)), "");

  host.default_route->policies.change().body_bytes_max = 7;
  state.hosts["shop.example"] = std::make_shared<const VirtualHost>(host);
  EXPECT_THAT(first_release::refusal(full_delta(state)), HasSubstr("bodyBytesMax"));
}

// One token, two hosts: a proxy that knows of one only keeps the first one's answer, and with it
// the words and the revision of a state without the second.
TEST(VersionSkew, AProxyOfTheFirstReleaseAnswersTheFirstHostOfAToken) {
  ProxyConfig one;
  one.challenges["tok"] =
      std::make_shared<const ChallengeAnswer>(ChallengeAnswer{"a.example", "tok.a"});
  ProxyConfig two = one;
  two.challenges["tok"] = std::make_shared<const ChallengeAnswer>(
      ChallengeAnswer{"a.example", "tok.a", {{"b.example", "tok.b"}}});
  EXPECT_EQ(first_release::refusal(full_delta(one)), "");
  EXPECT_EQ(full_delta(*rendered(shared(two), Dialect())), full_delta(one));
  EXPECT_TRUE(Dialect::own().knows("challenge.others"));

  const auto read = delta_from_json(full_delta(two));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read->challenges.set.at("tok").find("b.example"), "tok.b");
}

// It takes a balancer for the client, as it did before anybody said whom to trust.
TEST(VersionSkew, AProxyThatDoesNotKnowWhoIsTrustedIsToldNothingOfArrivals) {
  ProxyConfig silent;
  silent.hosts["shop.example"] = std::make_shared<const VirtualHost>();
  ProxyConfig trusting = silent;
  trusting.arrivals[""] =
      std::make_shared<const Arrivals>(Arrivals{{*Network::parse("10.0.0.0/8")}});
  EXPECT_EQ(full_delta(*rendered(shared(trusting), Dialect())), full_delta(silent));
  EXPECT_EQ(full_delta(*rendered(shared(trusting), Dialect::read("revision.tree,host.closed"))),
            full_delta(silent));
  EXPECT_NE(full_delta(trusting), full_delta(silent));

  const Dialect knows = Dialect::read("arrivals.trustedProxies");
  EXPECT_EQ(full_delta(*rendered(shared(trusting), knows)), full_delta(trusting));
  for (const Revisions kind : {Revisions::of_list, Revisions::of_tree}) {
    EXPECT_NE(revision_of(trusting, kind), revision_of(silent, kind));
  }
}

// It reads what a balancer sends as a client's words, and refuses them.
TEST(VersionSkew, AProxyThatDoesNotKnowHeadersOfTrustedProxiesIsToldWhoIsTrusted) {
  ProxyConfig trusting;
  trusting.arrivals[""] =
      std::make_shared<const Arrivals>(Arrivals{{*Network::parse("10.0.0.0/8")}});
  ProxyConfig taking;
  taking.arrivals[""] =
      std::make_shared<const Arrivals>(Arrivals{{*Network::parse("10.0.0.0/8")}, true});
  const Dialect knows_trust = Dialect::read("revision.tree,arrivals.trustedProxies");
  EXPECT_EQ(full_delta(*rendered(shared(taking), knows_trust)),
            full_delta(*rendered(shared(trusting), knows_trust)));
  EXPECT_EQ(full_delta(*rendered(shared(taking), Dialect())), full_delta(ProxyConfig()));
  EXPECT_TRUE(Dialect::own().knows("arrivals.proxyHeaders"));
  for (const Revisions kind : {Revisions::of_list, Revisions::of_tree}) {
    EXPECT_NE(revision_of(taking, kind), revision_of(trusting, kind));
  }
  const auto read = delta_from_json(full_delta(taking));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->arrivals.set.at("").takes_proxy_headers);
}

TEST(VersionSkew, AStateThatNeedsNoRenderingKeepsItsAddress) {
  ProxyConfig state;
  VirtualHost host;
  host.default_route = DefaultRoute{FixedAnswer{404, "no_backend"}};
  state.hosts["a.example"] = std::make_shared<const VirtualHost>(host);
  const auto plain = shared(state);
  EXPECT_EQ(rendered(plain, Dialect()), plain);

  host.default_route->policies.change().body_bytes_max = 7;
  state.hosts["b.example"] = std::make_shared<const VirtualHost>(host);
  const auto uses_more = shared(state);
  EXPECT_EQ(rendered(uses_more, Dialect::own()), uses_more);
  const auto told = rendered(uses_more, Dialect());
  EXPECT_EQ(told->hosts.at("a.example"), state.hosts.at("a.example"));
  EXPECT_EQ(*told->hosts.at("b.example"), *state.hosts.at("a.example"));
}

TEST(VersionSkew, AProxyOfThisReleaseIsToldEverything) {
  const Rendering of_this_release{Dialect::own()};
  for (unsigned seed = 0; seed < 100; ++seed) {
    const ProxyConfig state = RandomConfig(seed).next();
    for (const auto& [name, host] : state.hosts) {
      VirtualHost told = *host;
      EXPECT_FALSE(of_this_release.take_from(told));
      EXPECT_EQ(told, *host);
    }
  }
}

TEST(VersionSkew, WhatTunesIsLeftOutAndWhatGuardsClosesForWhoDoesNotKnowIt) {
  const Rendering of_first_release{Dialect()};
  Door plain;
  EXPECT_FALSE(of_first_release.take_from(plain));
  EXPECT_EQ(plain, Door());

  Door tuned{.width = 3};
  EXPECT_TRUE(of_first_release.take_from(tuned));
  EXPECT_EQ(tuned, Door());

  Door guarded{.width = 3, .key = "secret"};
  EXPECT_TRUE(of_first_release.take_from(guarded));
  EXPECT_EQ(guarded, Door{.action = closed_by_unknown_guard()});
}

TEST(VersionSkew, AFirewallThatCannotLookAtResponsesRefusesEveryRequestUnlessItOnlyDetects) {
  const Rendering of_first_release{Dialect()};
  Firewall blocks{.passes_uninspected = true, .responses = ResponseInspection{}};
  EXPECT_TRUE(of_first_release.take_from(blocks));
  EXPECT_EQ(blocks, Firewall{.anomaly_threshold = 0});

  Firewall detects{.mode = FirewallMode::detect, .responses = ResponseInspection{}};
  EXPECT_TRUE(of_first_release.take_from(detects));
  EXPECT_EQ(detects, Firewall{.mode = FirewallMode::detect});
}

TEST(VersionSkew, AProxyPassesOverWhatItDoesNotKnowAndSaysSo) {
  const auto delta = delta_from_json(said(R"(, "colour": {"deep": [1]})", R"(, "mood": 1)"));
  ASSERT_TRUE(delta) << delta.error().message;
  EXPECT_EQ(answer_of(*delta), "known");
  EXPECT_THAT(delta->skipped,
              ElementsAre("hosts[shop.example].routes[0][colour]", "hosts[shop.example][mood]"));
}

TEST(VersionSkew, AProxyClosesWhatAnUnknownFieldGuards) {
  struct {
    std::string route, host, answer;
  } rows[] = {
      {R"(, "allowFrom": [], "guards": ["allowFrom"])", "", "unknown_guard"},
      {R"(, "guards": ["allowFrom"])", "", "unknown_guard"},
      {R"(, "allowFrom": [], "guards": ["path"])", "", "known"},
      {"", R"(, "allowFrom": [], "guards": ["allowFrom"])", "unknown_guard"},
  };
  for (const auto& row : rows) {
    const auto delta = delta_from_json(said(row.route, row.host));
    ASSERT_TRUE(delta) << delta.error().message;
    EXPECT_EQ(answer_of(*delta), row.answer) << row.route << row.host;
  }
  EXPECT_FALSE(delta_from_json(said(R"(, "guards": "allowFrom")")));
}

TEST(VersionSkew, AnUnknownGuardOfAClusterLeavesItWithoutEndpoints) {
  const auto delta =
      delta_from_json(R"({"revision": ")" + std::string(64, 'a') +
                      R"(", "clusters": {"set": {"c": {"endpoints": ["10.0.0.1:80"], "mood": {},
          "guards": ["mood"]}}}})");
  ASSERT_TRUE(delta) << delta.error().message;
  EXPECT_THAT(delta->clusters.set.at("c").endpoints, IsEmpty());
}

TEST(VersionSkew, TheRevisionHoldsForWhatTheProxyKnows) {
  ProxyConfig state;
  state.hosts["shop.example"] = std::make_shared<const VirtualHost>();
  std::string said_more = full_delta(state);
  said_more.insert(said_more.find("\"routes\""), "\"mood\":1,");
  const auto delta = delta_from_json(said_more);
  ASSERT_TRUE(delta) << delta.error().message;
  EXPECT_TRUE(apply(ProxyConfig(), *delta, {}));

  std::string forged = full_delta(state);
  forged.insert(forged.find("\"routes\""), "\"httpsRedirect\":true,");
  EXPECT_FALSE(apply(ProxyConfig(), *delta_from_json(forged), {}));
}

TEST(VersionSkew, APersonsFileMayHoldNoUnknownField) {
  const auto read = config_from_json(R"({"hosts": {"a.example": {"redirectHttps": true}}})", "/");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "hosts[a.example][redirectHttps]: is not a known field");
}

TEST(Dialect, IsReadAsFarAsWeKnowIt) {
  const Dialect& own = Dialect::own();
  EXPECT_TRUE(own.knows("default.bodyBytesMax"));
  EXPECT_FALSE(own.knows("route.bodyBytesMax"));  // the first release has it
  EXPECT_EQ(Dialect::read(own.text()), own);
  EXPECT_EQ(Dialect::read(own.text() + ",route.ofNextYear"), own);
  EXPECT_EQ(Dialect::read(""), Dialect());
  EXPECT_EQ(Dialect::read(",,x,"), Dialect());
  EXPECT_EQ(Dialect::read(own.text() + "," + std::string(100'000, 'x')), Dialect());
}

}  // namespace
}  // namespace proxy::config
