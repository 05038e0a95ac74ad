// Clients that stay with the endpoint that they were told by a cookie.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/support/http2_backend.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

// Says who it is.
ScriptedBackend::Script named(const std::string& name) {
  return [name](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok(name));
  };
}

config::ProxyConfig sticky_shop(const std::vector<std::uint16_t>& ports,
                                const config::StickyCookie& cookie = {}) {
  config::Cluster cluster;
  cluster.affinity_key = "key";
  auto config = shop(ports, cluster);
  auto host = *config.hosts.at("shop.test");
  for (config::Route& route : host.routes) route.policies.change().sticky = cookie;
  config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
  return config;
}

HttpAnswer get(RunningEngine& proxy, const std::string& cookie) {
  auto client = HttpClient::connect(proxy.http());
  const std::string field = cookie.empty() ? "" : "Cookie: a=b; " + cookie + "\r\n";
  client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n" + field + "\r\n");
  return client.read_answer();
}

std::string pair_of(const HttpAnswer& answer) {
  const std::string set = answer.field("set-cookie");
  return set.substr(0, set.find(';'));
}

TEST(Affinity, AClientComesBackToItsEndpointAndIsToldOnlyOnce) {
  ScriptedBackend a(named("a")), b(named("b")), c(named("c"));
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(sticky_shop({a.port(), b.port(), c.port()})));
  for (int client = 0; client < 6; ++client) {
    const HttpAnswer first = get(proxy, "");
    ASSERT_EQ(first.status, 200);
    const std::string cookie = pair_of(first);
    ASSERT_THAT(cookie, StartsWith("INGRESSCOOKIE="));
    EXPECT_THAT(first.field("set-cookie"), EndsWith("; Path=/; HttpOnly"));
    for (int i = 0; i < 4; ++i) {
      const HttpAnswer next = get(proxy, cookie);
      EXPECT_EQ(next.body, first.body);
      EXPECT_EQ(next.field("set-cookie"), "");
    }
  }
  EXPECT_GT(a.requests(), 0);
  EXPECT_GT(b.requests(), 0);
  EXPECT_GT(c.requests(), 0);
}

TEST(Affinity, AnotherProxyAndOneThatWasRestartedKnowTheCookie) {
  ScriptedBackend a(named("a")), b(named("b")), c(named("c"));
  const auto config = sticky_shop({a.port(), b.port(), c.port()});
  std::string cookie, body;
  {
    RunningEngine proxy;
    ASSERT_TRUE(proxy.publish(config));
    const HttpAnswer first = get(proxy, "");
    cookie = pair_of(first);
    body = first.body;
  }
  RunningEngine another(RunningEngine::quick(), 2);
  ASSERT_TRUE(another.publish(config));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(get(another, cookie).body, body);
}

TEST(Affinity, AnEndpointThatComesTakesItsShareOfClientsThatAreNamedAndNobodyElseMoves) {
  ScriptedBackend a(named("a")), b(named("b")), c(named("c"));
  config::StickyCookie cookie;
  cookie.names_client = true;
  const auto config = sticky_shop({a.port(), b.port()}, cookie);
  constexpr std::size_t kClients = 64;
  RunningEngine proxy, another;
  ASSERT_TRUE(proxy.publish(config));
  ASSERT_TRUE(another.publish(config));
  std::vector<std::string> cookies, bodies;
  for (std::size_t i = 0; i < kClients; ++i) {
    const HttpAnswer first = get(proxy, "");
    cookies.push_back(pair_of(first));
    bodies.push_back(first.body);
    const HttpAnswer again = get(another, cookies.back());
    EXPECT_EQ(again.body, first.body) << "every proxy comes to the same one";
    EXPECT_EQ(again.field("set-cookie"), "");
  }
  ASSERT_TRUE(proxy.publish(sticky_shop({a.port(), b.port(), c.port()}, cookie)));
  std::size_t moved = 0;
  for (std::size_t i = 0; i < kClients; ++i) {
    const HttpAnswer next = get(proxy, cookies[i]);
    EXPECT_EQ(next.field("set-cookie"), "");
    if (next.body == bodies[i]) continue;
    ++moved;
    EXPECT_EQ(next.body, "c");
  }
  EXPECT_GT(moved, 0u);
  EXPECT_LT(moved, kClients);
  // Who was told of an endpoint before is told a name of its own.
  EXPECT_THAT(pair_of(get(proxy, "INGRESSCOOKIE=" + std::string(32, 'a'))),
              StartsWith("INGRESSCOOKIE=c"));
}

TEST(Affinity, AClientThatIsNamedStaysWithTheSplitThatItGot) {
  ScriptedBackend a(named("a")), canary(named("canary"));
  config::StickyCookie cookie;
  cookie.names_client = true;
  auto config = sticky_shop({a.port()}, cookie);
  config::Cluster other;
  other.endpoints = {{"127.0.0.1", canary.port()}};
  config.clusters["canary"] = std::make_shared<config::Cluster>(other);
  auto host = *config.hosts.at("shop.test");
  for (config::Route& route : host.routes) {
    route.policies.change().splits = {{.cluster = "canary", .weight = 50}};
  }
  config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(config));
  std::string all;
  for (int client = 0; client < 32; ++client) {
    const HttpAnswer first = get(proxy, "");
    const std::string name = pair_of(first);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(get(proxy, name).body, first.body);
    all += first.body + " ";
  }
  EXPECT_THAT(all, ::testing::HasSubstr("a "));
  EXPECT_THAT(all, ::testing::HasSubstr("canary "));
}

TEST(Affinity, AForgedCookieIsAnOrdinaryChoiceAndANewCookie) {
  ScriptedBackend a(named("a")), b(named("b"));
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(sticky_shop({a.port(), b.port()})));
  for (const std::string& value : {std::string("x"), std::string(32, '0'), std::string(5000, 'f'),
                                   std::string("127.0.0.1:80"), std::string()}) {
    const HttpAnswer answer = get(proxy, "INGRESSCOOKIE=" + value);
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(pair_of(answer), StartsWith("INGRESSCOOKIE="));
  }
  EXPECT_GE(a.requests(), 2);
  EXPECT_GE(b.requests(), 2);
}

TEST(Affinity, AClientWhoseEndpointIsGoneIsToldItsNextOne) {
  ScriptedBackend a(named("a")), b(named("b"));
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(sticky_shop({a.port()})));
  const std::string cookie = pair_of(get(proxy, ""));
  ASSERT_TRUE(proxy.publish(sticky_shop({b.port()})));
  const HttpAnswer answer = get(proxy, cookie);
  EXPECT_EQ(answer.body, "b");
  EXPECT_THAT(pair_of(answer), StartsWith("INGRESSCOOKIE="));
  EXPECT_NE(pair_of(answer), cookie);
  EXPECT_EQ(get(proxy, pair_of(answer)).field("set-cookie"), "");
}

TEST(Affinity, WhileItsEndpointDoesNotConnectAClientGoesElsewhere) {
  for (const bool changes : {false, true}) {
    ScriptedBackend well(named("well"));
    std::uint16_t dead_port = 0;
    std::string cookie;
    RunningEngine proxy;
    config::StickyCookie sticky;
    sticky.change_on_failure = changes;
    {
      ScriptedBackend dying(named("dying"));
      dead_port = dying.port();
      ASSERT_TRUE(proxy.publish(sticky_shop({dead_port, well.port()}, sticky)));
      for (HttpAnswer answer = get(proxy, ""); cookie.empty(); answer = get(proxy, "")) {
        if (answer.body == "dying") cookie = pair_of(answer);
      }
    }
    for (int i = 0; i < 3; ++i) {
      const HttpAnswer answer = get(proxy, cookie);
      EXPECT_EQ(answer.status, 200);
      EXPECT_EQ(answer.body, "well");
      EXPECT_EQ(answer.field("set-cookie") != "", changes);
    }
  }
}

TEST(Affinity, AnEndpointThatSpeaksHttp2IsToldOfAndComeBackTo) {
  const auto named_over_http2 = [](const std::string& name) {
    return [name](const Http2Backend::Request&) {
      Http2Backend::Reply reply;
      reply.body = name;
      return reply;
    };
  };
  Http2Backend a(named_over_http2("a")), b(named_over_http2("b"));
  RunningEngine proxy;
  auto config = sticky_shop({a.port(), b.port()});
  auto cluster = *config.clusters.at("shop");
  cluster.speaks_http2 = true;
  config.clusters["shop"] = std::make_shared<config::Cluster>(cluster);
  ASSERT_TRUE(proxy.publish(config));
  for (int client = 0; client < 2; ++client) {
    const HttpAnswer first = get(proxy, "");
    ASSERT_THAT(pair_of(first), StartsWith("INGRESSCOOKIE="));
    for (int i = 0; i < 3; ++i) {
      const HttpAnswer next = get(proxy, pair_of(first));
      EXPECT_EQ(next.body, first.body);
      EXPECT_EQ(next.field("set-cookie"), "");
    }
  }
}

TEST(Affinity, RequestsForOneThingGetOneEndpointAtEveryProxy) {
  ScriptedBackend a(named("a")), b(named("b")), c(named("c"));
  config::Cluster cluster;
  cluster.hash_by = {{config::HashSource::request_uri}};
  const auto config = shop({a.port(), b.port(), c.port()}, cluster);
  RunningEngine one, other(RunningEngine::quick(), 2);
  ASSERT_TRUE(one.publish(config));
  ASSERT_TRUE(other.publish(config));
  for (int i = 0; i < 8; ++i) {
    const std::string path = "/thing?id=" + std::to_string(i);
    const std::string body = HttpClient::connect(one.http()).get(path).body;
    EXPECT_NE(body, "");
    EXPECT_EQ(HttpClient::connect(one.http()).get(path).body, body);
    EXPECT_EQ(HttpClient::connect(other.http()).get(path).body, body);
  }
}

TEST(Affinity, WithoutAKeyNobodyIsToldAnything) {
  ScriptedBackend a(named("a"));
  RunningEngine proxy;
  auto config = sticky_shop({a.port()});
  auto cluster = *config.clusters.at("shop");
  cluster.affinity_key.clear();
  config.clusters["shop"] = std::make_shared<config::Cluster>(cluster);
  ASSERT_TRUE(proxy.publish(config));
  EXPECT_EQ(get(proxy, "").field("set-cookie"), "");
}

// A Pod that ends and still serves.
TEST(Affinity, AClientStaysWithAnEndpointThatLeavesUntilItIsGone) {
  ScriptedBackend a(named("a")), b(named("b"));
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(sticky_shop({a.port()})));
  const std::string cookie = pair_of(get(proxy, ""));
  auto config = sticky_shop({b.port()});
  auto cluster = *config.clusters.at("shop");
  cluster.leaving = {{"127.0.0.1", a.port()}};
  config.clusters["shop"] = std::make_shared<config::Cluster>(cluster);
  ASSERT_TRUE(proxy.publish(config));
  for (int i = 0; i < 4; ++i) {
    const HttpAnswer bound = get(proxy, cookie);
    EXPECT_EQ(bound.body, "a");
    EXPECT_EQ(bound.field("set-cookie"), "");
    const HttpAnswer fresh = get(proxy, "");
    EXPECT_EQ(fresh.body, "b");
    EXPECT_THAT(pair_of(fresh), StartsWith("INGRESSCOOKIE="));
  }
  ASSERT_TRUE(proxy.publish(sticky_shop({b.port()})));
  const HttpAnswer moved = get(proxy, cookie);
  EXPECT_EQ(moved.body, "b");
  EXPECT_NE(pair_of(moved), cookie);
}

// ---- Services that keep a client by its address

session::Options trusting() {
  session::Options options = RunningEngine::quick();
  options.trusted_proxies = client::TrustedNetworks::parse({"127.0.0.0/8"}).value();
  return options;
}

config::ProxyConfig lasting_shop(const std::vector<std::uint16_t>& ports) {
  config::Cluster cluster;
  cluster.hash_by = {{config::HashSource::client_address}};
  cluster.client_stay_seconds = 10'800;
  return shop(ports, cluster);
}

std::string body_for(RunningEngine& proxy, const std::string& address) {
  auto client = HttpClient::connect(proxy.http());
  client.send("GET / HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: " + address + "\r\n\r\n");
  return client.read_answer().body;
}

TEST(AffinityByAddress, AClientStaysWhenEndpointsComeAndNewOnesSpread) {
  ScriptedBackend a(named("a")), b(named("b")), c(named("c"));
  RunningEngine proxy(trusting(), 2);
  ASSERT_TRUE(proxy.publish(lasting_shop({a.port()})));
  for (int i = 1; i <= 12; ++i) EXPECT_EQ(body_for(proxy, "192.0.2." + std::to_string(i)), "a");
  ASSERT_TRUE(proxy.publish(lasting_shop({a.port(), b.port(), c.port()})));
  for (int i = 1; i <= 12; ++i) EXPECT_EQ(body_for(proxy, "192.0.2." + std::to_string(i)), "a");
  std::string others;
  for (int i = 1; i <= 24; ++i) {
    const std::string address = "198.51.100." + std::to_string(i);
    const std::string body = body_for(proxy, address);
    EXPECT_EQ(body_for(proxy, address), body);
    others += body;
  }
  EXPECT_THAT(others, ::testing::HasSubstr("b"));
  EXPECT_THAT(others, ::testing::HasSubstr("c"));
}

TEST(AffinityByAddress, ANetworkOfIPv6IsOneClientAlsoAtTheFirstRequest) {
  ScriptedBackend a(named("a")), b(named("b")), c(named("c"));
  RunningEngine proxy(trusting()), other(trusting());
  const auto config = lasting_shop({a.port(), b.port(), c.port()});
  ASSERT_TRUE(proxy.publish(config));
  ASSERT_TRUE(other.publish(config));
  for (int net = 0; net < 6; ++net) {
    const std::string network = "2001:db8:0:" + std::to_string(net) + "::";
    const std::string body = body_for(proxy, network + "1");
    EXPECT_EQ(body_for(proxy, network + "abcd"), body);
    // Two proxies agree before either remembers anything.
    EXPECT_EQ(body_for(other, network + "77"), body);
  }
}

TEST(AffinityByAddress, AClientWhoseEndpointLeavesStaysAndThenHasAnotherOne) {
  ScriptedBackend a(named("a")), b(named("b"));
  RunningEngine proxy(trusting());
  ASSERT_TRUE(proxy.publish(lasting_shop({a.port()})));
  EXPECT_EQ(body_for(proxy, "192.0.2.1"), "a");
  auto config = lasting_shop({b.port()});
  auto cluster = *config.clusters.at("shop");
  cluster.leaving = {{"127.0.0.1", a.port()}};
  config.clusters["shop"] = std::make_shared<config::Cluster>(cluster);
  ASSERT_TRUE(proxy.publish(config));
  EXPECT_EQ(body_for(proxy, "192.0.2.1"), "a");
  EXPECT_EQ(body_for(proxy, "192.0.2.2"), "b");
  ASSERT_TRUE(proxy.publish(lasting_shop({b.port()})));
  EXPECT_EQ(body_for(proxy, "192.0.2.1"), "b");
  ASSERT_TRUE(proxy.publish(lasting_shop({a.port(), b.port()})));
  EXPECT_EQ(body_for(proxy, "192.0.2.1"), "b");
}

TEST(AffinityByAddress, WhileItsEndpointDoesNotConnectAClientGoesElsewhere) {
  ScriptedBackend well(named("well"));
  RunningEngine proxy(trusting());
  std::uint16_t port = 0;
  {
    ScriptedBackend dying(named("dying"));
    port = dying.port();
    ASSERT_TRUE(proxy.publish(lasting_shop({port})));
    EXPECT_EQ(body_for(proxy, "192.0.2.1"), "dying");
    ASSERT_TRUE(proxy.publish(lasting_shop({port, well.port()})));
    EXPECT_EQ(body_for(proxy, "192.0.2.1"), "dying");
  }
  EXPECT_EQ(body_for(proxy, "192.0.2.1"), "well");
}

// ---- Zones

TEST(Zones, AProxyAsksTheEndpointsThatAreForItsZone) {
  ScriptedBackend a(named("a")), b(named("b")), c(named("c"));
  config::Cluster cluster;
  cluster.zones = {{"zone-b", {{"127.0.0.1", b.port()}}}};
  const auto config = shop({a.port(), b.port(), c.port()}, cluster);
  session::Options options = RunningEngine::quick();
  options.pools.zone = "zone-b";
  RunningEngine near(options), somewhere;
  ASSERT_TRUE(near.publish(config));
  ASSERT_TRUE(somewhere.publish(config));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(HttpClient::connect(near.http()).get("/").body, "b");
  EXPECT_EQ(a.requests() + c.requests(), 0);
  for (int i = 0; i < 6; ++i) HttpClient::connect(somewhere.http()).get("/");
  EXPECT_GT(a.requests(), 0);
  EXPECT_GT(c.requests(), 0);
}

}  // namespace
}  // namespace proxy::support
