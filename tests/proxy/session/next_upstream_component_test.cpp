// Another endpoint, where the route says when.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/proxy/support/http2_backend.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

ScriptedBackend::Script says(const std::string& answer) {
  return [answer](SocketStream& stream, const SeenRequest&) { return stream.send(answer); };
}

const std::string kBusy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy";

config::ProxyConfig with_rules(const std::vector<std::uint16_t>& ports,
                               const config::NextUpstream& rules) {
  auto config = shop(ports);
  auto host = *config.hosts.at("shop.test");
  for (config::Route& route : host.routes) route.policies.change().next_upstream = rules;
  config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
  return config;
}

HttpAnswer ask(RunningEngine& proxy, const std::string& method, const std::string& body = "") {
  auto client = HttpClient::connect(proxy.http());
  const std::string length =
      body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
  client.send(method + " / HTTP/1.1\r\nHost: shop.test\r\n" + length + "\r\n" + body);
  return client.read_answer();
}

TEST(NextUpstream, AStatusThatIsNamedIsMadeGoodByAnotherEndpoint) {
  ScriptedBackend busy(says(kBusy)), well(says(ScriptedBackend::ok("well")));
  RunningEngine proxy;
  config::NextUpstream rules;
  rules.status_503 = true;
  ASSERT_TRUE(proxy.publish(with_rules({busy.port(), well.port()}, rules)));
  for (int i = 0; i < 6; ++i) {
    const HttpAnswer answer = ask(proxy, "GET");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "well");
  }
  EXPECT_EQ(ask(proxy, "PUT", "a small body").status, 200);
  EXPECT_EQ(ask(proxy, "PUT", "a small body").status, 200);
  EXPECT_EQ(well.last().body, "a small body");
  EXPECT_GE(busy.requests(), 3);
}

TEST(NextUpstream, ARequestThatMayHaveHadAnEffectIsNotSentTwice) {
  ScriptedBackend busy(says(kBusy)), other(says(kBusy));
  RunningEngine proxy;
  config::NextUpstream rules;
  rules.status_503 = true;
  ASSERT_TRUE(proxy.publish(with_rules({busy.port(), other.port()}, rules)));
  EXPECT_EQ(ask(proxy, "POST", "x").status, 503);
  EXPECT_EQ(busy.requests() + other.requests(), 1);
  rules.non_idempotent = true;
  ASSERT_TRUE(proxy.publish(with_rules({busy.port(), other.port()}, rules)));
  EXPECT_EQ(ask(proxy, "POST", "x").status, 503);
  EXPECT_EQ(busy.requests() + other.requests(), 3);
}

TEST(NextUpstream, NoEndpointIsAskedTwiceAndTheLastAnswerIsTheClients) {
  ScriptedBackend a(says(kBusy)), b(says(kBusy)), c(says(kBusy)), d(says(kBusy));
  RunningEngine proxy;
  config::NextUpstream rules;
  rules.status_503 = true;
  const std::vector<ScriptedBackend*> all{&a, &b, &c, &d};
  std::vector<std::uint16_t> ports;
  for (const ScriptedBackend* one : all) ports.push_back(one->port());
  std::sort(ports.begin(), ports.end());
  ASSERT_TRUE(proxy.publish(with_rules(ports, rules)));
  const HttpAnswer answer = ask(proxy, "GET");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "busy");
  int asked = 0;
  for (const ScriptedBackend* one : all) {
    EXPECT_LE(one->requests(), 1);
    asked += one->requests();
  }
  EXPECT_EQ(asked, 3);
  rules.tries = 0;
  ASSERT_TRUE(proxy.publish(with_rules(ports, rules)));
  EXPECT_EQ(ask(proxy, "GET").status, 503);
  asked = 0;
  for (const ScriptedBackend* one : all) asked += one->requests();
  EXPECT_EQ(asked, 7);
}

TEST(NextUpstream, OneThatDiesOrIsSlowOrTalksNonsenseIsMadeGoodWhereThatIsAskedFor) {
  const auto dies = [](SocketStream&, const SeenRequest&) { return false; };
  const auto is_silent = [](SocketStream& stream, const SeenRequest&) {
    stream.receive();
    return false;
  };
  struct Case {
    ScriptedBackend::Script script;
    bool config::NextUpstream::*member;
  };
  const Case cases[] = {
      {dies, &config::NextUpstream::error},
      {is_silent, &config::NextUpstream::timeout},
      {says("HTP/9 what\r\n\r\n"), &config::NextUpstream::invalid_answer},
  };
  for (const Case& one : cases) {
    for (const bool is_asked_for : {true, false}) {
      ScriptedBackend bad(one.script), well(says(ScriptedBackend::ok("well")));
      RunningEngine proxy;
      config::NextUpstream rules{.error = false, .timeout = false};
      rules.*one.member = is_asked_for;
      config::Cluster cluster;
      cluster.read_timeout = std::chrono::milliseconds(200);
      auto config = with_rules({bad.port(), well.port()}, rules);
      cluster.endpoints = config.clusters.at("shop")->endpoints;
      config.clusters["shop"] = std::make_shared<config::Cluster>(cluster);
      ASSERT_TRUE(proxy.publish(config));
      bool has_failed = false;
      for (int i = 0; i < 4; ++i) has_failed = ask(proxy, "GET").status != 200 || has_failed;
      EXPECT_EQ(has_failed, !is_asked_for);
      EXPECT_GE(bad.requests(), 1);
    }
  }
}

TEST(NextUpstream, HoldsForEndpointsThatSpeakHttp2Too) {
  const auto answers = [](const std::string& status, const std::string& body) {
    return [=](const Http2Backend::Request&) {
      Http2Backend::Reply reply;
      reply.head = {{":status", status}};
      reply.body = body;
      return reply;
    };
  };
  Http2Backend busy(answers("503", "busy")), well(answers("200", "well"));
  RunningEngine proxy;
  config::NextUpstream rules;
  rules.status_503 = true;
  auto config = with_rules({busy.port(), well.port()}, rules);
  config::Cluster cluster = *config.clusters.at("shop");
  cluster.speaks_http2 = true;
  config.clusters["shop"] = std::make_shared<config::Cluster>(cluster);
  ASSERT_TRUE(proxy.publish(config));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask(proxy, "GET").body, "well");
  EXPECT_EQ(ask(proxy, "PUT", "a small body").body, "well");
  EXPECT_EQ(ask(proxy, "PUT", "a small body").body, "well");
  EXPECT_EQ(well.last().body, "a small body");
  EXPECT_GE(busy.requests(), 3);
  int refused = 0;
  for (int i = 0; i < 2; ++i) refused += ask(proxy, "POST", "x").status == 503 ? 1 : 0;
  EXPECT_EQ(refused, 1);
}

TEST(NextUpstream, WhereItIsOffAnEndpointThatDoesNotConnectIsNotMadeGood) {
  std::uint16_t dead_port = 0;
  ScriptedBackend well(says(ScriptedBackend::ok("well")));
  {
    ScriptedBackend dead(says(""));
    dead_port = dead.port();
  }
  std::vector<std::uint16_t> ports{dead_port, well.port()};
  std::sort(ports.begin(), ports.end());
  int failed = 0;
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(with_rules(ports, {.error = false, .timeout = false})));
  for (int i = 0; i < 4; ++i) failed += ask(proxy, "GET").status == 502 ? 1 : 0;
  EXPECT_GE(failed, 1);
}

}  // namespace
}  // namespace proxy::support
