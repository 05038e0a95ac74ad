// Upgrades of any protocol, and what endpoints may answer to them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;

// Changes to what the request offers, or as the path says, then echoes until the client is done.
bool changes_protocol(SocketStream& stream, const SeenRequest& request) {
  const std::string upgrade = request.path == "/other" ? "evil/1.0" : request.field("Upgrade");
  std::string head = "HTTP/1.1 101 Switching Protocols\r\n";
  if (request.path != "/bare") head += "Connection: Upgrade\r\nUpgrade: " + upgrade + "\r\n";
  if (request.path == "/unasked") {
    head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  }
  if (!stream.send(head + "\r\nhi")) return false;
  for (std::string part = stream.receive(); !part.empty(); part = stream.receive()) {
    if (!stream.send(part)) break;
  }
  return false;
}

TEST(Upgrade, AnyProtocolButHttp2PassesWithAnyMethod) {
  const struct {
    const char* method;
    const char* fields;
    const char* protocol;
  } table[] = {
      {"GET", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n", "websocket"},
      {"POST", "Upgrade: SPDY/3.1\r\nContent-Length: 0\r\n", "SPDY/3.1"},
      {"POST", "Upgrade: tailscale-control-protocol\r\n", "tailscale-control-protocol"},
      {"POST", "Upgrade: tcp\r\nContent-Length: 0\r\n", "tcp"},
  };
  ScriptedBackend backend(changes_protocol);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  for (const auto& row : table) {
    auto client = HttpClient::connect(proxy.http());
    client.send(std::string(row.method) +
                " / HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\n" + row.fields + "\r\n");
    const HttpAnswer answer = client.read_answer();
    ASSERT_EQ(answer.status, 101) << row.protocol;
    EXPECT_EQ(answer.field("upgrade"), row.protocol);
    EXPECT_EQ(answer.field("connection"), "Upgrade");
    EXPECT_EQ(client.read_bytes(2), "hi");
    client.send("ping");
    EXPECT_EQ(client.read_bytes(4), "ping");
    client.stream().finish_sending();
    EXPECT_TRUE(client.stream().at_end());
  }
}

// RFC 9110 §15.5.22.
TEST(Upgrade, WhatABackendRequiresIsToldToItsClientOfHttp1) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    return stream.send(
        "HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Content-Length: 0\r\n\r\n");
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  for (int i = 0; i < 2; ++i) {  // and the connection stays
    const HttpAnswer answer = client.get("/");
    EXPECT_EQ(answer.status, 426);
    EXPECT_EQ(answer.field("upgrade"), "websocket");
    EXPECT_EQ(answer.field("connection"), "Upgrade");
  }
}

TEST(Upgrade, WhatPassesIsNoBodyThatCouldBeTooLarge) {
  ScriptedBackend backend(changes_protocol);
  RunningEngine proxy;
  config::ProxyConfig config = shop({backend.port()});
  config::VirtualHost host = *config.hosts.at("shop.test");
  host.routes.at(0).policies.change().body_bytes_max = 10;
  config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
  ASSERT_TRUE(proxy.publish(config));
  auto client = HttpClient::connect(proxy.http());
  client.send(
      "GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\n\r\n");
  ASSERT_EQ(client.read_answer().status, 101);
  EXPECT_EQ(client.read_bytes(2), "hi");
  const std::string words(100, 'x');
  client.send(words);
  EXPECT_EQ(client.read_bytes(words.size()), words);
}

config::ProxyConfig shop_that_buffers(std::uint16_t port) {
  config::ProxyConfig config = shop({port});
  config::VirtualHost host = *config.hosts.at("shop.test");
  host.routes.at(0).policies.change().buffers_request = true;
  config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
  return config;
}

// As `docker exec` asks.
std::string exec(std::string_view fields) {
  return "POST /exec/1/start HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\n"
         "Upgrade: tcp\r\nContent-Type: application/json\r\n" +
         std::string(fields) + "\r\n";
}

TEST(Upgrade, BesideABodyThatIsWholeItPassesAndWhatComesBehindIsTheTunnels) {
  ScriptedBackend backend(changes_protocol);
  for (const bool buffers : {false, true}) {
    RunningEngine proxy;
    ASSERT_TRUE(
        proxy.publish(buffers ? shop_that_buffers(backend.port()) : shop({backend.port()})));
    auto client = HttpClient::connect(proxy.http());
    client.send(exec("Content-Length: 12\r\n") + "{\"Tty\":true}" + "ping");
    ASSERT_EQ(client.read_answer().status, 101);
    EXPECT_EQ(client.read_bytes(6), "hiping");
    EXPECT_EQ(backend.last().body, "{\"Tty\":true}");
    EXPECT_EQ(backend.last().field("Upgrade"), "tcp");
    client.send("pong");
    EXPECT_EQ(client.read_bytes(4), "pong");
  }
}

TEST(Upgrade, BesideABodyThatIsGatheredItPasses) {
  ScriptedBackend backend(changes_protocol);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop_that_buffers(backend.port())));
  auto client = HttpClient::connect(proxy.http());
  client.send(exec("Content-Length: 12\r\nExpect: 100-continue\r\n"));
  ASSERT_EQ(client.read_answer().status, 100);
  client.send("{\"Tty\":");
  client.send("true}");
  ASSERT_EQ(client.read_answer().status, 101);
  EXPECT_EQ(client.read_bytes(2), "hi");
  EXPECT_EQ(backend.last().body, "{\"Tty\":true}");
  EXPECT_EQ(backend.last().field("Upgrade"), "tcp");
  client.send("ping");
  EXPECT_EQ(client.read_bytes(4), "ping");
}

TEST(Upgrade, BesideABodyThatAnEndpointGetsAsItComesIsAnOrdinaryRequest) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest& request) {
    return stream.send(ScriptedBackend::ok("[" + request.field("Upgrade") + "]"));
  });
  const struct {
    bool buffers;
    std::string fields;
    std::string body;
  } rows[] = {
      {false, "Content-Length: 3\r\n", "abc"},
      {true, "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"},
      // More than is gathered.
      {true, "Content-Length: 100000\r\n", std::string(100'000, 'x')},
  };
  for (const auto& row : rows) {
    RunningEngine proxy;
    ASSERT_TRUE(
        proxy.publish(row.buffers ? shop_that_buffers(backend.port()) : shop({backend.port()})));
    auto client = HttpClient::connect(proxy.http());
    client.send(exec(row.fields + "Expect: 100-continue\r\n"));
    ASSERT_EQ(client.read_answer().status, 100);
    client.send(row.body);
    EXPECT_EQ(client.read_answer().body, "[]") << row.fields;
  }
}

TEST(Upgrade, OneThatIsNotTakenLeavesWhatComesBehindTheBodyTheNextRequest) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest& request) {
    return stream.send(ScriptedBackend::ok(request.path + " [" + request.body + "]"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop_that_buffers(backend.port())));
  auto client = HttpClient::connect(proxy.http());
  client.send(exec("Content-Length: 3\r\n") + "abc" +
              "GET /next HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "/exec/1/start [abc]");
  EXPECT_EQ(client.read_answer().body, "/next []");
}

TEST(Upgrade, OneToHttp2OrBesideChunksIsAnOrdinaryRequest) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest& request) {
    return stream.send(ScriptedBackend::ok("[" + request.field("Upgrade") + "]"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  for (const char* rest :
       {"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\nContent-Length: 3\r\n\r\nabc",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n0\r\n\r\n"}) {
    client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n" + std::string(rest));
    EXPECT_EQ(client.read_answer().body, "[]") << rest;
  }
}

TEST(Upgrade, A101ToAnythingThatWasNotOfferedIs502) {
  ScriptedBackend backend(changes_protocol);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  for (const char* request :
       {"GET /other HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: "
        "websocket\r\n\r\n",
        "GET /bare HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: "
        "websocket\r\n\r\n",
        "GET /unasked HTTP/1.1\r\nHost: shop.test\r\n\r\n",
        "GET /unasked HTTP/1.1\r\nHost: shop.test\r\nUpgrade: websocket\r\n\r\n",
        "GET /unasked HTTP/1.0\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: "
        "websocket\r\n\r\n"}) {
    auto client = HttpClient::connect(proxy.http());
    client.send(request);
    EXPECT_EQ(client.read_answer().status, 502) << request;
  }
  EXPECT_THAT(proxy.access_log(5), HasSubstr("\"upstream_unexpected_upgrade\""));
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_failures_total{reason=\"upstream_unexpected_"
                         "upgrade\"}"),
            5);
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upgraded_connections_open"), 0);
}

}  // namespace
}  // namespace proxy::support
