#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "operator/control/editions.h"
#include "operator/control/poll_query.h"
#include "proxy/config/wire.h"
#include "proxy/control/control_flow.h"

// Between this release and the first. tests/golden/first_release/conversation.json is what the
// programs of the first release said to each other, as it went over the wire: an operator with two
// Ingresses that change, and a proxy that follows it.
namespace control {
namespace {

using proxy::config::Delta;
using proxy::config::ProxyConfig;
using proxy::control::ControlFlow;
using testing::StartsWith;

struct Exchange {
  std::string method;
  std::string target;
  std::string request_body;
  std::string response_body;

  bool is_poll() const { return method == "GET"; }
  PollQuery query() const {
    std::map<std::string, std::string> values;
    std::string rest = target.substr(target.find('?') + 1);
    while (!rest.empty()) {
      const std::string pair = rest.substr(0, rest.find('&'));
      rest.erase(0, pair.size() + 1);
      values[pair.substr(0, pair.find('='))] = pair.substr(pair.find('=') + 1);
    }
    return read_poll_query(values).value();
  }
};

std::vector<Exchange> conversation() {
  std::ifstream file(std::string(GATEHOUSE_GOLDEN_DIR) + "/first_release/conversation.json");
  std::vector<Exchange> exchanges;
  for (const auto& one : nlohmann::json::parse(file)) {
    const auto& request = one.at("request");
    EXPECT_EQ(one.at("response").at("status"), 200);
    exchanges.push_back({request.at("method"), request.at("target"), request.at("body"),
                         one.at("response").at("body")});
  }
  return exchanges;
}

proxy::config::CertificatesByHash certificates_in(const std::vector<Exchange>& exchanges) {
  proxy::config::CertificatesByHash all;
  for (const Exchange& exchange : exchanges) {
    if (exchange.is_poll()) continue;
    all.merge(proxy::config::certificates_from_json(exchange.response_body).value());
  }
  return all;
}

TEST(VersionSkew, AProxyOfTheFirstReleaseIsAnsweredInTheFirstOperatorsWords) {
  const auto exchanges = conversation();
  const auto certificates = certificates_in(exchanges);
  ASSERT_GT(exchanges.size(), 4u);
  ProxyConfig state;
  Editions editions;
  for (const Exchange& exchange : exchanges) {
    if (!exchange.is_poll()) {
      const auto hashes = proxy::config::hashes_from_json(exchange.request_body).value();
      EXPECT_EQ(proxy::config::certificates_to_json(editions.find_certificates(hashes)),
                exchange.response_body);
      continue;
    }
    const Delta delta = proxy::config::delta_from_json(exchange.response_body).value();
    state = proxy::config::apply(state, delta, certificates).value();
    editions.publish(std::make_shared<const ProxyConfig>(state));
    const PollQuery query = exchange.query();
    const auto answer = editions.answer(query.dialect, query.after, query.rejected);
    ASSERT_NE(answer, nullptr);
    EXPECT_EQ(*answer, exchange.response_body);
  }
}

TEST(VersionSkew, TodaysProxyFollowsAnOperatorOfTheFirstRelease) {
  ControlFlow flow("edge-1");
  std::string last;
  for (const Exchange& exchange : conversation()) {
    if (exchange.is_poll()) {
      const auto* const poll = std::get_if<ControlFlow::Poll>(&flow.next());
      ASSERT_NE(poll, nullptr);
      // What the first operator reads comes as it always did; it passes over the rest.
      EXPECT_THAT(poll->path, StartsWith(exchange.target + "&speaks="));
      const auto polled = flow.on_polled(200, exchange.response_body, std::chrono::seconds(30), 1);
      ASSERT_TRUE(polled) << polled.error().message;
      last = proxy::config::revision_in_json(exchange.response_body);
    } else {
      const auto* const fetch = std::get_if<ControlFlow::Fetch>(&flow.next());
      ASSERT_NE(fetch, nullptr);
      EXPECT_EQ(fetch->body, exchange.request_body);
      ASSERT_TRUE(flow.on_fetched(200, exchange.response_body, 1));
    }
    if (std::holds_alternative<ControlFlow::Publish>(flow.next())) flow.on_published({}, 1);
  }
  ASSERT_NE(flow.live(), nullptr);
  EXPECT_EQ(flow.live()->revision, last);
}

std::shared_ptr<const ProxyConfig> state_with_host(const std::string& host) {
  ProxyConfig config;
  config.hosts[host] = std::make_shared<const proxy::config::VirtualHost>();
  return std::make_shared<const ProxyConfig>(config);
}

TEST(VersionSkew, EachProxyIsToldTheKindOfRevisionsThatItKnows) {
  Editions editions;
  const auto state = state_with_host("shop.example");
  editions.publish(state);
  const std::string of_list = proxy::config::revision_of(*state, proxy::config::Revisions::of_list);
  const std::string of_tree = proxy::config::revision_of(*state, proxy::config::Revisions::of_tree);
  EXPECT_NE(of_list, of_tree);
  EXPECT_EQ(of_list.size(), of_tree.size());  // operators of the first release read them, too
  EXPECT_EQ(editions.revision_for(proxy::config::Dialect()), of_list);
  EXPECT_EQ(editions.revision_for(proxy::config::Dialect::read("revision.tree")), of_tree);
  EXPECT_EQ(editions.revision(), of_tree);
}

// While a release is rolled out a proxy's polls reach operators of both, again and again.
TEST(VersionSkew, TheLiveStateByItsOtherRevisionIsTakenForTheSame) {
  using proxy::config::Revisions;
  const auto state = state_with_host("shop.example");
  ControlFlow flow;
  std::shared_ptr<const proxy::control::Snapshot> before;
  for (const Revisions kind : {Revisions::of_list, Revisions::of_tree, Revisions::of_list}) {
    const Delta delta = proxy::config::full_state(*state, kind);
    const std::string replica = kind == Revisions::of_list ? "older" : "newer";
    ASSERT_TRUE(flow.on_polled(200, proxy::config::delta_to_json(delta), std::chrono::seconds(30),
                               1, replica));
    const auto* const publish = std::get_if<ControlFlow::Publish>(&flow.next());
    ASSERT_NE(publish, nullptr);
    EXPECT_EQ(publish->snapshot->revision, delta.revision);
    if (before) {
      EXPECT_EQ(publish->snapshot->routes, before->routes);
    }
    before = publish->snapshot;
    flow.on_published({}, 1);
    const auto* const poll = std::get_if<ControlFlow::Poll>(&flow.next());
    ASSERT_NE(poll, nullptr);
    EXPECT_THAT(poll->path, StartsWith("/v1/config?after=" + delta.revision + "&"));
  }
}

TEST(VersionSkew, AChangeIsTakenByEitherKindOfRevision) {
  const ProxyConfig from = *state_with_host("a.example");
  const ProxyConfig to = *state_with_host("b.example");
  for (const auto kind : {proxy::config::Revisions::of_list, proxy::config::Revisions::of_tree}) {
    Delta delta = proxy::config::difference(from, to, kind);
    EXPECT_TRUE(proxy::config::apply(from, delta, {}));
    delta.revision = proxy::config::revision_of(from, kind);
    EXPECT_FALSE(proxy::config::apply(from, delta, {}));
  }
}

// A state that proxies of the first release cannot be told as it is.
std::shared_ptr<const ProxyConfig> state_with_more(std::uint64_t body_bytes_max) {
  ProxyConfig config;
  proxy::config::VirtualHost host;
  host.default_route =
      proxy::config::DefaultRoute{proxy::config::FixedAnswer{404, "no_backend"},
                                  proxy::config::Policies{.body_bytes_max = body_bytes_max}};
  config.hosts["shop.example"] = std::make_shared<const proxy::config::VirtualHost>(host);
  return std::make_shared<const ProxyConfig>(config);
}

TEST(Editions, EachDialectHasRevisionsOfWhatItIsTold) {
  Editions editions;
  const proxy::config::Dialect first;
  const auto& own = proxy::config::Dialect::own();
  EXPECT_TRUE(editions.publish(state_with_more(7)));
  const std::string revision = editions.revision_for(first);
  EXPECT_NE(editions.revision_for(own), revision);
  EXPECT_EQ(editions.revision_for(own), editions.revision());
  const auto told = editions.answer(first, "", "");
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(proxy::config::revision_in_json(*told), revision);
  EXPECT_EQ(told->find("bodyBytesMax"), std::string::npos);

  // What it does not know changes: for it nothing has.
  EXPECT_TRUE(editions.publish(state_with_more(8)));
  EXPECT_EQ(editions.answer(first, revision, ""), nullptr);
  EXPECT_NE(editions.answer(own, revision, ""), nullptr);
}

TEST(Editions, ADialectThatNobodyAsksForAnyMoreIsForgotten) {
  const proxy::config::Dialect first;
  const auto state = [](const std::string& host) {
    ProxyConfig config;
    config.hosts[host] = std::make_shared<const proxy::config::VirtualHost>();
    return std::make_shared<const ProxyConfig>(config);
  };
  for (const bool is_asked_for : {true, false}) {
    Editions editions;
    editions.publish(state("first.example"));
    (void)editions.revision_for(first);
    for (unsigned i = 0; i <= Editions::kUnaskedMax; ++i) {
      if (is_asked_for) (void)editions.revision_for(first);
      editions.publish(state("h" + std::to_string(i) + ".example"));
    }
    const std::string last = proxy::config::revision_of(
        *state("h" + std::to_string(Editions::kUnaskedMax - 1) + ".example"));
    const auto answer = editions.answer(first, last, "");
    ASSERT_NE(answer, nullptr);
    // Who is remembered gets the change, who is not the whole state.
    EXPECT_EQ(proxy::config::delta_from_json(*answer).value().full, !is_asked_for);
  }
}

}  // namespace
}  // namespace control
