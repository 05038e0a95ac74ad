// Gauges of the workers: what goes up comes down again.
#include <gtest/gtest.h>

#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

// Accepts an upgrade and then waits for the end; answers everything else.
bool serve(SocketStream& stream, const SeenRequest& request) {
  if (request.field("Upgrade").empty()) return stream.send(ScriptedBackend::ok("hello"));
  stream.send(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  while (!stream.receive().empty()) continue;
  return false;
}

TEST(Counts, WhatIsOpenIsCountedUpAndDownAgain) {
  ScriptedBackend backend(serve);
  RunningEngine proxy;
  const auto open = [&](const std::string& what) {
    return proxy.metric("gatehouse_proxy_" + what + "connections_open");
  };
  config::ProxyConfig config = shop({backend.port()});
  add_certificate(config, "shop.test", issue({"shop.test"}));
  ASSERT_TRUE(proxy.publish(config));
  {
    SocketStream stream = SocketStream::connect(proxy.https());
    ASSERT_EQ(stream.start_tls({"shop.test", "", nullptr}), "");
    HttpClient secure(std::move(stream));
    EXPECT_EQ(secure.get("/").status, 200);
    auto upgraded = HttpClient::connect(proxy.http());
    upgraded.send(
        "GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    EXPECT_EQ(upgraded.read_answer().status, 101);
    EXPECT_EQ(open(""), 2);
    EXPECT_EQ(open("tls_"), 1);
    EXPECT_EQ(open("upgraded_"), 1);
    EXPECT_GE(open("upstream_"), 1);
  }
  ASSERT_TRUE(proxy.publish({}));  // endpoints that left keep no connection
  for (const char* what : {"", "tls_", "upgraded_", "upstream_"}) {
    EXPECT_TRUE(eventually([&] { return open(what) == 0; })) << what;
  }
}

}  // namespace
}  // namespace proxy::support
