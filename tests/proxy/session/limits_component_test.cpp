// Limits of routes, as clients meet them. A minute is the rate's period where time is not to count:
// whatever the test waits for, no token comes meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;

class LimitedRoute : public ::testing::Test {
 protected:
  explicit LimitedRoute(std::size_t workers = 1) : proxy(RunningEngine::quick(), workers) {}

  static config::Limits shop_limits() {
    config::Limits limits;
    limits.id = "shop/www";
    limits.burst_multiplier = 1;
    return limits;
  }
  static config::Limits two_at_once() {
    config::Limits limits = shop_limits();
    limits.requests_per_minute = 1;
    return limits;
  }
  static config::Limits in_flight(std::uint64_t connections) {
    config::Limits limits = shop_limits();
    limits.connections = connections;
    return limits;
  }

  // All of shop.test but /free.
  config::ProxyConfig limited(const config::Limits& limits) {
    config::ProxyConfig config = shop({backend.port()});
    config::Guards guards;
    guards.limits = limits;
    config.guards["g"] = std::make_shared<const config::Guards>(guards);
    config::VirtualHost host = *config.hosts.at("shop.test");
    config::Route free = host.routes.at(0);
    free.path = "/free";
    host.routes.at(0).policies.change().guards = "g";
    host.routes.push_back(free);
    config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
    add_certificate(config, "shop.test", certificate);
    return config;
  }
  void serve(const config::Limits& limits) { ASSERT_TRUE(proxy.publish(limited(limits))); }

  int status_of(const std::string& path) {
    return HttpClient::connect(proxy.http()).get(path).status;
  }
  bool becomes(const std::string& path, int status) {
    return eventually([&] { return status_of(path) == status; });
  }
  std::unique_ptr<Http2Client> connect_http2() {
    SocketStream stream = SocketStream::connect(proxy.https());
    EXPECT_EQ(stream.start_tls({"shop.test", "h2"}), "");
    return std::make_unique<Http2Client>(std::move(stream));
  }

  const config::Certificate certificate = issue({"shop.test"});
  std::atomic<bool> go{false};
  std::atomic<int> held{0};
  ScriptedBackend backend{[this](SocketStream& stream, const SeenRequest& request) {
    if (request.path.starts_with("/slow")) {
      ++held;
      eventually([&] { return go.load(); });
    }
    if (request.path == "/cut") {
      stream.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
      return false;
    }
    if (request.path == "/upgrade") {
      stream.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
      return !stream.receive().empty() && false;
    }
    return stream.send(ScriptedBackend::ok("hello"));
  }};
  RunningEngine proxy;
};

class LimitedRouteOfManyWorkers : public LimitedRoute {
 protected:
  LimitedRouteOfManyWorkers() : LimitedRoute(3) {}
};

TEST_F(LimitedRoute, WhoIsBeyondTheRateGets503AndIsToldWhenToComeAgain) {
  serve(two_at_once());
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(client.get("/a").status, 200);
  const HttpAnswer refused = client.get("/b");
  EXPECT_EQ(refused.status, 503);
  EXPECT_GE(std::stoi("0" + refused.field("retry-after")), 1);
  EXPECT_LE(std::stoi("0" + refused.field("retry-after")), 60);
  EXPECT_NE(client.get("//x").status, 200);
  EXPECT_EQ(client.get("/free").status, 200) << "on the same connection";
  EXPECT_EQ(backend.requests(), 3);
  EXPECT_THAT(proxy.access_log(5), HasSubstr("\"rate_limited\""));
  EXPECT_EQ(proxy.metric("gatehouse_proxy_refusals_total{reason=\"rate_limited\"}"), 2);
}

TEST_F(LimitedRoute, OverHttp2ItIsTheSame) {
  serve(two_at_once());
  auto client = connect_http2();
  EXPECT_EQ(client->wait(client->get("/")).status, 200);
  EXPECT_EQ(client->wait(client->get("/")).status, 200);
  const auto& refused = client->wait(client->get("/"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.fields.find("retry-after"), refused.fields.end());
  EXPECT_EQ(status_of("/"), 503) << "one client, whatever it speaks";
}

TEST_F(LimitedRouteOfManyWorkers, TheRateIsOfAllOfThemTogether) {
  config::Limits limits = two_at_once();
  limits.burst_multiplier = 9;
  serve(limits);
  int passed = 0;
  for (int i = 0; i < 40; ++i) passed += status_of("/") == 200 ? 1 : 0;
  EXPECT_EQ(passed, 10);
}

TEST_F(LimitedRouteOfManyWorkers, RequestsUnderWayAreCountedOverAllOfThem) {
  serve(in_flight(3));
  std::vector<HttpClient> clients;
  for (int i = 0; i < 12; ++i) {
    clients.push_back(HttpClient::connect(proxy.http()));
    clients.back().send("GET /slow HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  }
  ASSERT_TRUE(eventually([&] {
    return proxy.metric("gatehouse_proxy_refusals_total{reason=\"connections_limited\"}") == 9;
  }));
  go = true;
  int passed = 0;
  for (HttpClient& client : clients) passed += client.read_answer().status == 200 ? 1 : 0;
  EXPECT_EQ(passed, 3);
}

TEST_F(LimitedRoute, OfSeveralProxiesEachLetsItsShareOfTheRatePass) {
  config::Limits limits = two_at_once();
  limits.burst_multiplier = 7;
  serve(limits);
  proxy.engine().on_proxies(4);
  int passed = 0;
  for (int i = 0; i < 12; ++i) passed += status_of("/") == 200 ? 1 : 0;
  EXPECT_EQ(passed, 2);
}

TEST_F(LimitedRoute, AnotherConfigurationDoesNotFillTheBuckets) {
  serve(two_at_once());
  EXPECT_EQ(status_of("/"), 200);
  EXPECT_EQ(status_of("/"), 200);
  config::ProxyConfig other = limited(two_at_once());
  other.hosts["other.test"] = other.hosts.at("shop.test");
  ASSERT_TRUE(proxy.publish(other));
  EXPECT_EQ(status_of("/"), 503);
}

TEST_F(LimitedRoute, ARequestUnderWayCountsUntilItsAnswerIsThere) {
  serve(in_flight(1));
  auto client = HttpClient::connect(proxy.http());
  client.send("GET /slow HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return held == 1; }));
  const HttpAnswer refused = HttpClient::connect(proxy.http()).get("/");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.field("retry-after"), "1");
  EXPECT_EQ(status_of("/free"), 200);
  go = true;
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(status_of("/"), 200);
  EXPECT_EQ(client.get("/").status, 200) << "an idle connection is nothing under way";
}

TEST_F(LimitedRoute, EachStreamOfAConnectionCounts) {
  serve(in_flight(2));
  auto client = connect_http2();
  const int first = client->get("/slow");
  const int second = client->get("/slow");
  client->flush();
  ASSERT_TRUE(eventually([&] { return held == 2; }));
  EXPECT_EQ(client->wait(client->get("/")).status, 503);
  go = true;
  EXPECT_EQ(client->wait(first).status, 200);
  EXPECT_EQ(client->wait(second).status, 200);
  EXPECT_EQ(client->wait(client->get("/")).status, 200);
}

TEST_F(LimitedRoute, AClientThatGoesAwayIsNotUnderWayAnyMore) {
  serve(in_flight(1));
  {
    auto client = HttpClient::connect(proxy.http());
    client.send("GET /slow HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return held == 1; }));
    client.stream().reset();
  }
  EXPECT_TRUE(becomes("/", 200));
  auto client = connect_http2();
  const int stream = client->get("/slow");
  client->flush();
  ASSERT_TRUE(eventually([&] { return held == 2; }));
  client->reset(stream);
  client->flush();
  EXPECT_TRUE(becomes("/", 200));
  go = true;
}

TEST_F(LimitedRoute, NoEndOfARequestIsForgotten) {
  serve(in_flight(1));
  struct {
    const char* what;
    std::string bytes;
  } const ways[] = {
      {"refused for its length",
       "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 99999999\r\n\r\n"},
      {"broken in its body",
       "POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"},
      {"cut by the endpoint", "GET /cut HTTP/1.1\r\nHost: shop.test\r\n\r\n"},
      {"answered on its way", "OPTIONS / HTTP/1.1\r\nHost: shop.test\r\nMax-Forwards: 0\r\n\r\n"},
      {"unfinished", "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\nabc"},
      {"upgraded",
       "GET /upgrade HTTP/1.1\r\nHost: shop.test\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nx"},
  };
  for (const auto& way : ways) {
    auto client = HttpClient::connect(proxy.http());
    client.send(way.bytes);
    client.stream().finish_sending();
    client.stream().receive_all();
    client.stream().close();
    EXPECT_TRUE(becomes("/", 200)) << way.what;
  }
}

TEST_F(LimitedRoute, ARedirectIsLimitedLikeABackend) {
  config::ProxyConfig config = limited(two_at_once());
  config::VirtualHost host = *config.hosts.at("shop.test");
  host.routes.at(0).action =
      config::FixedAnswer{503, "redirect", config::Redirection{302, "https://other.test/"}};
  config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
  ASSERT_TRUE(proxy.publish(config));
  EXPECT_EQ(status_of("/"), 302);
  EXPECT_EQ(status_of("/"), 302);
  EXPECT_EQ(status_of("/"), 503);
}

TEST_F(LimitedRoute, ChallengesAreAnsweredWhateverTheLimit) {
  config::ProxyConfig config = limited(two_at_once());
  config.challenges["tok"] = std::make_shared<const config::ChallengeAnswer>(
      config::ChallengeAnswer{"shop.test", "tok.x"});
  ASSERT_TRUE(proxy.publish(config));
  for (int i = 0; i < 3; ++i) status_of("/");
  EXPECT_EQ(status_of("/"), 503);
  EXPECT_EQ(status_of("/.well-known/acme-challenge/tok"), 200);
}

class LimitsBehindATrustedProxy : public LimitedRoute {
 protected:
  static session::Options trusting() {
    session::Options options = RunningEngine::quick();
    options.trusted_proxies = client::TrustedNetworks::parse({"127.0.0.0/8"}).value();
    return options;
  }
  RunningEngine trusting_proxy{trusting()};
};

TEST_F(LimitsBehindATrustedProxy, TheClientIsWhoItSays) {
  ASSERT_TRUE(trusting_proxy.publish(limited(two_at_once())));
  auto client = HttpClient::connect(trusting_proxy.http());
  const auto from = [&](const std::string& address) {
    client.send("GET / HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: " + address + "\r\n\r\n");
    return client.read_answer().status;
  };
  EXPECT_EQ(from("192.0.2.7"), 200);
  EXPECT_EQ(from("192.0.2.7"), 200);
  EXPECT_EQ(from("192.0.2.7"), 503);
  EXPECT_EQ(from("192.0.2.8"), 200);
  EXPECT_EQ(from("6.6.6.6, 192.0.2.7"), 503) << "what a client writes itself does not count";
}

}  // namespace
}  // namespace proxy::support
