// Endpoints that fail, and ones that have enough to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;

ScriptedBackend::Script well() {
  return [](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("well"));
  };
}

// Connects, and ends each connection without an answer.
ScriptedBackend::Script ends() {
  return [](SocketStream&, const SeenRequest&) { return false; };
}

// Long enough for every test.
session::Options ejecting() {
  session::Options options = RunningEngine::quick();
  options.pools.ejection.pause_min = std::chrono::hours(1);
  return options;
}

TEST(EndpointPressure, AnEndpointThatEndsEachConnectionIsPassedOverAfterAFewRequests) {
  ScriptedBackend good(well()), bad(ends());
  RunningEngine proxy(ejecting());
  ASSERT_TRUE(proxy.publish(shop({good.port(), bad.port()})));
  int failed = 0;
  for (int i = 0; i < 40; ++i) {
    auto client = HttpClient::connect(proxy.http());
    failed += client.get("/").status == 502 ? 1 : 0;
  }
  EXPECT_EQ(failed, 5);
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_ejections_total"), 1);
}

TEST(EndpointPressure, WhereAllFailAllAreAskedOn) {
  ScriptedBackend bad(ends()), worse(ends());
  RunningEngine proxy(ejecting());
  ASSERT_TRUE(proxy.publish(shop({bad.port(), worse.port()})));
  for (int i = 0; i < 40; ++i) {
    auto client = HttpClient::connect(proxy.http());
    EXPECT_EQ(client.get("/").status, 502);
  }
  EXPECT_GE(bad.requests() + worse.requests(), 40);
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_ejections_total"), 1);
}

// Else one client could have the endpoints passed over by all others.
TEST(EndpointPressure, AnEndpointThatGivesUpOnAClientsBodyIsWell) {
  ScriptedBackend one(well()), other(well());
  RunningEngine proxy(ejecting());
  ASSERT_TRUE(proxy.publish(shop({one.port(), other.port()})));
  for (int i = 1; i <= 20; ++i) {
    auto client = HttpClient::connect(proxy.http());
    client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\nabc");
    ASSERT_TRUE(eventually([&] { return one.connections() + other.connections() == i; }));
    one.close_idle();
    other.close_idle();
    EXPECT_EQ(client.read_answer().status, 502);
  }
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_ejections_total"), 0);
}

TEST(EndpointPressure, ARequestThatNoEndpointHasRoomForIsToldSo) {
  std::atomic<bool> go{false};
  ScriptedBackend slow([&](SocketStream& stream, const SeenRequest&) {
    eventually([&] { return go.load(); });
    return stream.send(ScriptedBackend::ok("slow"));
  });
  session::Options options = RunningEngine::quick();
  options.pools.requests_max = 1;
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish(shop({slow.port()})));
  auto first = HttpClient::connect(proxy.http());
  first.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return slow.requests() == 1; }));
  auto second = HttpClient::connect(proxy.http());
  EXPECT_EQ(second.get("/").status, 503);
  EXPECT_THAT(proxy.access_log(), HasSubstr("endpoints_busy"));
  go = true;
  EXPECT_EQ(first.read_answer().body, "slow");
  EXPECT_EQ(second.get("/").body, "slow");
}

// Both clusters have the same endpoint, so only one of them may be told that it is busy.
TEST(EndpointPressure, ALimitThatAClusterSaysIsItsAlone) {
  std::atomic<bool> go{false};
  ScriptedBackend slow([&](SocketStream& stream, const SeenRequest& request) {
    if (request.path == "/slow") eventually([&] { return go.load(); });
    return stream.send(ScriptedBackend::ok("here"));
  });
  config::Cluster limited;
  limited.endpoint_rules = config::EndpointRules{.requests_max = 1};
  config::ProxyConfig config = shop({slow.port()}, limited);
  config.clusters["free"] = shop({slow.port()}).clusters.at("shop");
  config::VirtualHost host = *config.hosts.at("shop.test");
  config::Route route;
  route.path = "/free";
  route.action = config::Forward{"free"};
  host.routes.push_back(route);
  config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(config));

  auto first = HttpClient::connect(proxy.http());
  first.send("GET /slow HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return slow.requests() == 1; }));
  auto second = HttpClient::connect(proxy.http());
  EXPECT_EQ(second.get("/").status, 503);
  EXPECT_EQ(second.get("/free").status, 200);
  go = true;
  EXPECT_EQ(first.read_answer().status, 200);
  EXPECT_EQ(second.get("/").status, 200);
}

}  // namespace
}  // namespace proxy::support
