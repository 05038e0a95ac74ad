// More clients, more connections of one, and more memory than there may be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;

constexpr session::MemoryUse kEnough{.used = 500, .limit = 1'000};
constexpr session::MemoryUse kLittle{.used = 920, .limit = 1'000};
constexpr session::MemoryUse kNone{.used = 990, .limit = 1'000};

class Pressure : public ::testing::Test {
 protected:
  explicit Pressure(const session::Options& options = RunningEngine::quick()) : proxy(options) {
    config::ProxyConfig config = shop({backend.port()});
    add_certificate(config, "shop.test", issue({"shop.test"}));
    config.challenges["token"] = std::make_shared<config::ChallengeAnswer>(
        config::ChallengeAnswer{.host = "shop.test", .key_authorization = "token.key"});
    EXPECT_TRUE(proxy.publish(config));
  }
  HttpAnswer get(const std::string& path = "/") {
    return HttpClient::connect(proxy.http()).get(path);
  }

  ScriptedBackend backend{[](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("well"));
  }};
  RunningEngine proxy;
};

TEST_F(Pressure, WithLittleMemoryNewRequestsAreSentAwayAndComeBackLater) {
  proxy.engine().note_memory(kLittle);
  HttpAnswer answer;
  ASSERT_TRUE(eventually([&] { return (answer = get()).status == 503; }));
  EXPECT_EQ(answer.field("retry-after"), "2");
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_THAT(answer.body, HasSubstr("memory_pressure"));
  EXPECT_EQ(get("/.well-known/acme-challenge/token").body, "token.key");
  EXPECT_GE(proxy.metric("gatehouse_proxy_refusals_total{reason=\"memory_pressure\"}"), 1);
  EXPECT_EQ(proxy.metric("gatehouse_proxy_memory_used_bytes"), 920);
  EXPECT_EQ(proxy.metric("gatehouse_proxy_memory_limit_bytes"), 1'000);
  proxy.engine().note_memory(kEnough);
  EXPECT_TRUE(eventually([&] { return get().body == "well"; }));
}

TEST_F(Pressure, OverHttp2TheConnectionOfWhoIsSentAwayEnds) {
  proxy.engine().note_memory(kLittle);
  ASSERT_TRUE(eventually([&] { return get().status == 503; }));
  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
  Http2Client client(std::move(stream));
  EXPECT_EQ(client.wait(client.get("/")).status, 503);
  client.read_until([] { return false; });
  EXPECT_TRUE(client.got_goaway());
}

TEST_F(Pressure, WhatIsUnderWayIsFinished) {
  auto client = HttpClient::connect(proxy.http());
  client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 4\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return backend.connections() == 1; }));
  proxy.engine().note_memory(kLittle);
  ASSERT_TRUE(eventually([&] { return get().status == 503; }));
  client.send("body");
  EXPECT_EQ(client.read_answer().body, "well");
  EXPECT_EQ(backend.last().body, "body");
}

TEST_F(Pressure, WithoutMemoryNobodyIsAcceptedUntilThereIsSome) {
  proxy.engine().note_memory(kNone);
  ASSERT_TRUE(eventually([&] {
    auto client = HttpClient::connect(proxy.http());
    return proxy.metric("gatehouse_proxy_accept_pauses_total{reason=\"no_memory\"}") > 0;
  }));
  auto waiting = HttpClient::connect(proxy.http());
  waiting.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  proxy.engine().note_memory(kEnough);
  EXPECT_EQ(waiting.read_answer().body, "well") << "who waits in the kernel's queue is served";
}

class PressureOfOneClient : public Pressure {
 protected:
  static session::Options two_each(const std::vector<std::string>& trusted = {}) {
    session::Options options = RunningEngine::quick();
    options.connections_per_client_max = 2;
    options.trusted_proxies = client::TrustedNetworks::parse(trusted).value();
    return options;
  }
  explicit PressureOfOneClient(const session::Options& options = two_each()) : Pressure(options) {}
};

TEST_F(PressureOfOneClient, NoMoreConnectionsOfItAreServedThanItMayHave) {
  auto first = HttpClient::connect(proxy.http());
  EXPECT_EQ(first.get("/").body, "well");
  {
    auto second = HttpClient::connect(proxy.http());
    EXPECT_EQ(second.get("/").body, "well");
    for (const std::uint16_t port : {proxy.http(), proxy.https()}) {
      auto third = SocketStream::connect(port);
      EXPECT_EQ(third.receive_all(), "");
      EXPECT_FALSE(third.timed_out());
    }
    EXPECT_EQ(second.get("/").body, "well");
  }
  EXPECT_EQ(
      proxy.metric("gatehouse_proxy_connections_refused_total{reason=\"client_has_too_many\"}"), 2);
  // Who leaves makes room.
  EXPECT_TRUE(eventually([&] { return get().body == "well"; }));
}

class PressureOfATrustedProxy : public PressureOfOneClient {
 protected:
  PressureOfATrustedProxy() : PressureOfOneClient(two_each({"127.0.0.0/8"})) {}
};

TEST_F(PressureOfATrustedProxy, ItMayHaveAnyNumberOfConnections) {
  std::vector<HttpClient> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(HttpClient::connect(proxy.http()));
    EXPECT_EQ(clients.back().get("/").body, "well");
  }
}

}  // namespace
}  // namespace proxy::support
