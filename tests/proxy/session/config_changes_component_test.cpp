// Many configurations in a row, and what is under way meanwhile.
#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

constexpr int kChanges = 200;
constexpr int kTunnels = 12;

bool answers(SocketStream& stream, const SeenRequest& request) {
  return stream.send(ScriptedBackend::ok(std::to_string(request.body.size())));
}

bool echoes(SocketStream& stream, const SeenRequest& request) {
  const std::string upgrade = request.field("Upgrade");
  if (!stream.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " +
                   upgrade + "\r\n\r\n")) {
    return false;
  }
  for (std::string part = stream.receive(); !part.empty(); part = stream.receive()) {
    if (!stream.send(part)) break;
  }
  return false;
}

class ConfigChanges : public ::testing::Test {
 protected:
  // The endpoints of shop.test come and go, and so do other hosts, and that of the tunnels.
  config::ProxyConfig state(int number) {
    std::vector<std::uint16_t> ports{one_.port(), two_.port()};
    if (number % 3 == 1) ports.pop_back();
    if (number % 3 == 2) ports.erase(ports.begin());
    config::ProxyConfig config = shop(ports);
    add_certificate(config, "shop.test", own_);
    if (number % 4 != 3) {
      config.clusters["echo"] = shop({echo_.port()}).clusters.at("shop");
      config::VirtualHost host = *config.hosts.at("shop.test");
      host.routes.front().action = config::Forward{"echo"};
      config.hosts["echo.test"] = std::make_shared<config::VirtualHost>(host);
    }
    for (int i = number; i < number + 5; ++i) {
      config.hosts["h" + std::to_string(i) + ".test"] = config.hosts.at("shop.test");
    }
    return config;
  }

  const config::Certificate own_ = issue({"shop.test"});
  ScriptedBackend one_{answers}, two_{answers}, echo_{echoes};
  RunningEngine proxy_{RunningEngine::quick(), 2};
};

TEST_F(ConfigChanges, FailNoRequestAndEndNothingThatIsUnderWay) {
  ASSERT_TRUE(proxy_.publish(state(0)));
  std::vector<HttpClient> tunnels;
  for (int i = 0; i < kTunnels; ++i) {
    tunnels.push_back(HttpClient::connect(proxy_.http()));
    tunnels.back().send(
        "GET / HTTP/1.1\r\nHost: echo.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n");
    ASSERT_EQ(tunnels.back().read_answer().status, 101);
  }
  SocketStream tls = SocketStream::connect(proxy_.https());
  ASSERT_EQ(tls.start_tls({"shop.test", "h2"}), "");
  Http2Client http2(std::move(tls));
  const int upload = http2.request({{":method", "POST"},
                                    {":scheme", "https"},
                                    {":authority", "shop.test"},
                                    {":path", "/upload"}},
                                   "begins", true);
  http2.flush();

  std::atomic<bool> stop{false};
  std::atomic<int> good{0}, bad{0};
  const auto count = [&](const HttpAnswer& answer) { ++(answer.status == 200 ? good : bad); };
  std::thread stays([&] {
    auto client = HttpClient::connect(proxy_.http());
    while (!stop) count(client.get("/"));
  });
  std::thread comes([&] {
    while (!stop) count(HttpClient::connect(proxy_.http()).get("/"));
  });
  std::size_t sent = std::string("begins").size();
  for (int i = 1; i <= kChanges; ++i) {
    EXPECT_TRUE(proxy_.publish(state(i)));
    HttpClient& tunnel = tunnels[static_cast<std::size_t>(i % kTunnels)];
    tunnel.send("ping");
    EXPECT_EQ(tunnel.read_bytes(4), "ping") << i;
    const std::string part(1'000, 'x');
    http2.say(upload, part);
    http2.flush();
    sent += part.size();
  }
  stop = true;
  stays.join();
  comes.join();
  http2.say(upload, "", true);
  EXPECT_EQ(http2.wait(upload).status, 200);
  EXPECT_EQ(http2.answer(upload).body, std::to_string(sent));
  for (HttpClient& tunnel : tunnels) {
    tunnel.send("last");
    EXPECT_EQ(tunnel.read_bytes(4), "last");
  }
  EXPECT_EQ(bad, 0);
  EXPECT_GT(good, 0);
  EXPECT_EQ(proxy_.metric("gatehouse_proxy_config_applied_total"), kChanges + 1);
}

}  // namespace
}  // namespace proxy::support
