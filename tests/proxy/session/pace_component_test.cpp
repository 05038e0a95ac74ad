// Responses at the pace of their route.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/proxy/support/http2_backend.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

// More than comes at once, at a rate at which the rest comes soon, but in many steps.
const std::string kBody(1'200'000, 'x');
constexpr config::Pace kQuick{.bytes_per_second = 1'000'000, .free_bytes = 1'000};
// What would take a day.
constexpr config::Pace kSlow{.bytes_per_second = 1'000};

config::ProxyConfig paced(config::Cluster cluster, const config::Pace& pace) {
  auto config = shop({});
  config.clusters["shop"] = std::make_shared<config::Cluster>(std::move(cluster));
  auto host = *config.hosts.at("shop.test");
  for (config::Route& route : host.routes) route.policies.change().pace = pace;
  config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
  add_certificate(config, "shop.test", issue({"shop.test"}));
  return config;
}

config::Cluster at(std::uint16_t port, bool is_http2 = false) {
  config::Cluster cluster;
  cluster.endpoints = {{"127.0.0.1", port}};
  cluster.speaks_http2 = is_http2;
  return cluster;
}

std::string chunked() {
  std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t sent = 0; sent < kBody.size(); sent += 1'000) {
    text += "3e8\r\n" + kBody.substr(sent, 1'000) + "\r\n";
  }
  return text + "0\r\n\r\n";
}

TEST(Pace, AHeadIsNotReadInPiecesOfIt) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("x", "X-Long: " + std::string(1'000, 'x') + "\r\n"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(paced(at(backend.port()), {.bytes_per_second = 1})));
  EXPECT_EQ(HttpClient::connect(proxy.http()).get("/").body, "x");
  EXPECT_EQ(proxy.metric("gatehouse_proxy_turns_spent_total"), 0);
}

TEST(Pace, AResponseComesWholeInWhateverFormItIs) {
  for (const std::string& form :
       {ScriptedBackend::ok(kBody), chunked(), "HTTP/1.0 200 OK\r\n\r\n" + kBody}) {
    ScriptedBackend backend([&](SocketStream& stream, const SeenRequest&) {
      return stream.send(form) && !form.starts_with("HTTP/1.0");
    });
    RunningEngine proxy;
    ASSERT_TRUE(proxy.publish(paced(at(backend.port()), kQuick)));
    auto plain = HttpClient::connect(proxy.http());
    for (int i = 0; i < 2; ++i) {
      const HttpAnswer answer = plain.get("/");
      EXPECT_TRUE(answer.complete);
      EXPECT_EQ(answer.body, kBody);
    }
    auto stream = SocketStream::connect(proxy.https());
    ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
    Http2Client http2(std::move(stream));
    EXPECT_EQ(http2.wait(http2.get("/")).body, kBody);
  }
}

TEST(Pace, AResponseOverHttp2ComesWholeToo) {
  Http2Backend backend(
      [](const Http2Backend::Request&) { return Http2Backend::Reply{.body = kBody}; });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(paced(at(backend.port(), true), kQuick)));
  EXPECT_EQ(HttpClient::connect(proxy.http()).get("/").body, kBody);
}

TEST(Pace, ASlowOneHoldsUpNobodyAndCostsNoMemory) {
  const std::string large(8u << 20, 'x');
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest& request) {
    return stream.send(ScriptedBackend::ok(request.path == "/large" ? large : "little"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(paced(at(backend.port()), kSlow)));
  auto slow = HttpClient::connect(proxy.http());
  slow.send("GET /large HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  EXPECT_EQ(slow.read_bytes(1'000).size(), 1'000u);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(HttpClient::connect(proxy.http()).get("/").body, "little");
  }
  slow.stream().close();
  // The client's leaving is noticed though nothing is read for it.
  EXPECT_TRUE(eventually([&] { return backend.open_connections() <= 1; }));
}

TEST(Pace, ATunnelHasNone) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    return stream.send(
               "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n") &&
           stream.send(kBody) && false;
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(paced(at(backend.port()), kSlow)));
  auto client = HttpClient::connect(proxy.http());
  client.send(
      "GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_GT(client.stream().receive_all().size(), kBody.size());
}

}  // namespace
}  // namespace proxy::support
