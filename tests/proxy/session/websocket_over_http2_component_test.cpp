// WebSockets over HTTP/2 (RFC 8441).
#include <atomic>
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include "tests/proxy/support/http2_backend.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;

class WebSocketOverHttp2 : public ::testing::Test {
 protected:
  void serve(const std::vector<std::uint16_t>& ports, bool speaks_http2 = false) {
    config::Cluster cluster;
    cluster.speaks_http2 = speaks_http2;
    config::ProxyConfig config = shop(ports, std::move(cluster));
    config::VirtualHost host = *config.hosts.at("shop.test");
    host.routes.at(0).policies.change().body_bytes_max = body_bytes_max;
    config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
    add_certificate(config, "shop.test", issue({"shop.test"}));
    ASSERT_TRUE(proxy.publish(config));
    SocketStream stream = SocketStream::connect(proxy.https());
    ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
    client.emplace(std::move(stream));
    ASSERT_TRUE(client->turn());  // the settings
  }
  int open(const std::string& path, const std::string& protocol = "websocket") {
    return client->request({{":method", "CONNECT"},
                            {":protocol", protocol},
                            {":scheme", "https"},
                            {":path", path},
                            {":authority", "shop.test"},
                            {"sec-websocket-version", "13"},
                            {"sec-websocket-key", "of the client"},
                            {"sec-websocket-protocol", "chat"},
                            {"origin", "https://shop.test"}},
                           "", true);
  }

  // Says "hi", then echoes until the client is done, and says "bye".
  ScriptedBackend backend{[](SocketStream& stream, const SeenRequest& request) {
    if (request.path == "/no") return stream.send(ScriptedBackend::ok("no"));
    if (request.path == "/forbidden") {
      return stream.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!");
    }
    stream.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: chat\r\n\r\nhi");
    for (std::string part = stream.receive(); !part.empty(); part = stream.receive()) {
      if (part == "end") return false;
      if (!stream.send(part)) return false;
    }
    stream.send("bye");
    return false;
  }};
  std::uint64_t body_bytes_max = 0;
  RunningEngine proxy;
  std::optional<Http2Client> client;
};

TEST_F(WebSocketOverHttp2, OpensPassesBothWaysAndEnds) {
  serve({backend.port()});
  const int stream = open("/chat?room=1");
  client->read_until([&] { return client->answer(stream).body == "hi"; });
  const auto& answer = client->answer(stream);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.fields.at("sec-websocket-protocol"), "chat");
  EXPECT_FALSE(answer.fields.contains("sec-websocket-accept"));
  EXPECT_FALSE(answer.fields.contains("upgrade"));
  const SeenRequest seen = backend.last();
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.path, "/chat?room=1");
  EXPECT_EQ(seen.field("Connection"), "Upgrade");
  EXPECT_EQ(seen.field("Upgrade"), "websocket");
  EXPECT_EQ(seen.field("Sec-WebSocket-Version"), "13");
  EXPECT_EQ(seen.field("Sec-WebSocket-Key").size(), 24u);
  EXPECT_EQ(seen.field("Origin"), "https://shop.test");
  EXPECT_EQ(seen.field("Transfer-Encoding"), "");
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upgraded_connections_open"), 1);
  for (const std::string word : {"one", "two"}) {
    client->say(stream, word);
    client->read_until([&] { return client->answer(stream).body.ends_with(word); });
  }
  client->say(stream, "", true);
  EXPECT_EQ(client->wait(stream).body, "hionetwobye");
  EXPECT_TRUE(answer.ended);
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"status\":200"));
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upgraded_connections_open"), 0);
}

TEST_F(WebSocketOverHttp2, WhatIsSaidBeforeItIsOpenWaits) {
  serve({backend.port()});
  const int stream = open("/chat");
  client->say(stream, "early");
  client->read_until([&] { return client->answer(stream).body.ends_with("early"); });
  EXPECT_EQ(client->answer(stream).body, "hiearly");
}

TEST_F(WebSocketOverHttp2, LargeMessagesPassBothWays) {
  serve({backend.port()});
  const int stream = open("/chat");
  const std::string large(1'000'000, 'x');
  client->say(stream, large);
  client->read_until([&] { return client->answer(stream).body.size() == large.size() + 2; });
  EXPECT_EQ(client->answer(stream).body.size(), large.size() + 2);
}

TEST_F(WebSocketOverHttp2, WhatPassesIsNoBodyThatCouldBeTooLarge) {
  body_bytes_max = 10;
  serve({backend.port()});
  const int stream = open("/chat");
  client->read_until([&] { return client->answer(stream).body == "hi"; });
  const std::string words(100, 'x');
  client->say(stream, words);
  client->read_until([&] {
    return client->answer(stream).is_closed() || client->answer(stream).body == "hi" + words;
  });
  EXPECT_EQ(client->answer(stream).body, "hi" + words);
}

// An endpoint that goes on as if nothing had been said would keep it for ever.
TEST(WebSocketOverHttp2AtRest, EndsAlsoWhereTheClientIsDoneAndTheEndpointIsNot) {
  std::atomic<bool> is_over{false};
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest&) {
    stream.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    eventually([&] { return is_over.load(); });
    return false;
  });
  session::Options options = RunningEngine::quick();
  options.timeouts.tunnel_idle = std::chrono::milliseconds(100);
  RunningEngine proxy(options);
  config::ProxyConfig config = shop({backend.port()});
  add_certificate(config, "shop.test", issue({"shop.test"}));
  ASSERT_TRUE(proxy.publish(config));
  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
  Http2Client client(std::move(stream));
  ASSERT_TRUE(client.turn());  // the settings
  const int socket = client.request({{":method", "CONNECT"},
                                     {":protocol", "websocket"},
                                     {":scheme", "https"},
                                     {":path", "/chat"},
                                     {":authority", "shop.test"},
                                     {"sec-websocket-version", "13"}},
                                    "", true);
  client.say(socket, "", true);
  EXPECT_TRUE(client.wait(socket).is_closed());
  EXPECT_THAT(proxy.access_log(), HasSubstr("tunnel_idle"));
  is_over = true;
}

// Both are silent; the one that began first is there when the other has been closed for that.
TEST(WebSocketOverHttp2AtRest, StaysForAsLongAsItsRouteHasItsEndpointWait) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    stream.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi");
    for (std::string part = stream.receive(); !part.empty(); part = stream.receive()) {
      if (!stream.send(part)) return false;
    }
    return false;
  });
  session::Options options = RunningEngine::quick();
  options.timeouts.tunnel_idle = std::chrono::milliseconds(150);
  RunningEngine proxy(options);
  config::ProxyConfig config = shop({backend.port()});
  config::Cluster patient = *config.clusters.at("shop");
  patient.read_timeout = std::chrono::minutes(10);
  config.clusters["patient"] = std::make_shared<const config::Cluster>(patient);
  config::VirtualHost host = *config.hosts.at("shop.test");
  host.routes.at(0).action = config::Forward{"patient"};
  config.hosts["patient.test"] = std::make_shared<const config::VirtualHost>(host);
  const config::Certificate certificate = issue({"shop.test", "patient.test"});
  for (const char* name : {"shop.test", "patient.test"}) {
    add_certificate(config, name, certificate);
  }
  ASSERT_TRUE(proxy.publish(config));
  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
  Http2Client client(std::move(stream));
  ASSERT_TRUE(client.turn());  // the settings
  const auto open = [&](const std::string& authority) {
    const int socket = client.request({{":method", "CONNECT"},
                                       {":protocol", "websocket"},
                                       {":scheme", "https"},
                                       {":path", "/chat"},
                                       {":authority", authority},
                                       {"sec-websocket-version", "13"}},
                                      "", true);
    client.read_until([&] { return client.answer(socket).body == "hi"; });
    return socket;
  };
  const int stays = open("patient.test");
  const int goes = open("shop.test");
  EXPECT_TRUE(client.wait(goes).is_closed());
  client.say(stays, "still here");
  client.read_until([&] { return client.answer(stays).body == "histill here"; });
  EXPECT_EQ(client.answer(stays).body, "histill here");
}

TEST_F(WebSocketOverHttp2, EndsWithItsEndpointAndOthersOnTheConnectionGoOn) {
  serve({backend.port()});
  const int stream = open("/chat");
  client->read_until([&] { return client->answer(stream).body == "hi"; });
  client->say(stream, "end");
  EXPECT_EQ(client->wait(stream).body, "hi");
  const int other = client->get("/no");
  EXPECT_EQ(client->wait(other).body, "no");
}

TEST_F(WebSocketOverHttp2, AResetEndsItAtTheEndpoint) {
  serve({backend.port()});
  const int stream = open("/chat");
  client->read_until([&] { return client->answer(stream).body == "hi"; });
  client->reset(stream);
  client->flush();
  EXPECT_TRUE(eventually([&] { return backend.open_connections() == 0; }));
}

// RFC 9110 §9.3.6: any 2xx would mean that it is open.
TEST_F(WebSocketOverHttp2, AnEndpointThatDoesNotUpgradeIsNoTunnel) {
  serve({backend.port()});
  EXPECT_EQ(client->wait(open("/no")).status, 502);
  const int forbidden = open("/forbidden");
  EXPECT_EQ(client->wait(forbidden).status, 403);
  EXPECT_EQ(client->answer(forbidden).body, "no!");
  EXPECT_THAT(proxy.access_log(2), HasSubstr("upstream_upgrade_refused"));
}

TEST_F(WebSocketOverHttp2, AnotherProtocolAndAnEndpointOfHttp2AreRefused) {
  serve({backend.port()});
  EXPECT_EQ(client->wait(open("/chat", "connect-udp")).status, 405);
  const Http2Backend http2([](const Http2Backend::Request&) { return Http2Backend::Reply{}; });
  serve({http2.port()}, true);
  EXPECT_EQ(client->wait(open("/chat")).status, 501);
  EXPECT_EQ(http2.requests(), 0);
}

}  // namespace
}  // namespace proxy::support
