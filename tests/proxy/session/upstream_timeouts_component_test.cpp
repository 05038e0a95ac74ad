// Endpoints that do not take connections, or do not take requests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"
#include "tests/proxy/support/silent_ports.h"

namespace proxy::support {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

config::Cluster impatient_cluster() {
  config::Cluster cluster;
  cluster.connect_timeout = milliseconds(100);
  cluster.send_timeout = milliseconds(100);
  return cluster;
}

bool says_hello(SocketStream& stream, const SeenRequest& request) {
  return stream.send(ScriptedBackend::ok("hello " + request.body));
}

TEST(ConnectTimeout, IsABadGatewayWhenThereIsNoOtherEndpoint) {
  const FullPort full;
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({full.port()}, impatient_cluster())));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/").status, 502);
  EXPECT_THAT(proxy.access_log(), HasSubstr("connect_timeout"));
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_failures_total{reason=\"connect_timeout\"}"), 1);
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_connections_open"), 0);
}

TEST(ConnectTimeout, SendsEvenAPostToAnotherEndpointSinceNothingWasSent) {
  const FullPort full;
  ScriptedBackend backend(says_hello);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({full.port(), backend.port()}, impatient_cluster())));
  auto client = HttpClient::connect(proxy.http());
  for (int i = 0; i < 2; ++i) {  // the full port is the first in turn at least once
    client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 4\r\n\r\nbody");
    EXPECT_EQ(client.read_answer().body, "hello body");
  }
  EXPECT_GE(proxy.metric("gatehouse_proxy_upstream_retries_total"), 1);
}

TEST(ConnectTimeout, IsWaitedForOnceAndNotByEveryRequestAfter) {
  const FullPort full;
  ScriptedBackend backend(says_hello);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({full.port(), backend.port()}, impatient_cluster())));
  auto client = HttpClient::connect(proxy.http());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.get("/").body, "hello ");
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_retries_total"), 1);
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_endpoints_marked"), 1);
}

TEST(ConnectTimeout, KeepsTheBodyThatComesMeanwhile) {
  const FullPort full;
  ScriptedBackend backend(says_hello);
  RunningEngine proxy;
  config::Cluster cluster = impatient_cluster();
  cluster.connect_timeout = milliseconds(500);
  ASSERT_TRUE(proxy.publish(shop({full.port(), backend.port()}, cluster)));
  for (int i = 0; i < 2; ++i) {
    auto client = HttpClient::connect(proxy.http());
    client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 200000\r\n\r\n");
    client.send(std::string(200'000, 'b'));
    EXPECT_EQ(client.read_answer().body.size(), 6u + 200'000u);
  }
}

TEST(ConnectTimeout, AClientThatLeavesMeanwhileEndsTheAttempt) {
  const FullPort full;
  config::Cluster cluster = impatient_cluster();
  cluster.connect_timeout = std::chrono::seconds(60);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({full.port()}, cluster)));
  auto client = HttpClient::connect(proxy.http());
  client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  ASSERT_TRUE(
      eventually([&] { return proxy.metric("gatehouse_proxy_upstream_connections_open") == 1; }));
  client.stream().reset();
  EXPECT_TRUE(
      eventually([&] { return proxy.metric("gatehouse_proxy_upstream_connections_open") == 0; }));
}

TEST(SendTimeout, IsAGatewayTimeoutAndNothingIsSentTwice) {
  const DeafPort deaf;
  ScriptedBackend backend(says_hello);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({deaf.port()}, impatient_cluster())));
  auto client = HttpClient::connect(proxy.http());
  std::thread sender([&] {
    client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 67108864\r\n\r\n");
    client.send(std::string(64 << 20, 'b'));  // more than any buffer on the way
  });
  EXPECT_THAT(proxy.access_log(), HasSubstr("upstream_send_timeout"));
  EXPECT_EQ(client.read_answer().status, 504);
  sender.join();
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_retries_total"), 0);
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_connections_open"), 0);
}

TEST(SendTimeout, AClientThatTricklesDoesNotPutItOff) {
  const DeafPort deaf;
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({deaf.port()}, impatient_cluster())));
  auto client = HttpClient::connect(proxy.http());
  client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::thread sender([&] {
    const std::string chunk = "10000\r\n" + std::string(65'536, 'b') + "\r\n";
    while (client.send(chunk)) {
    }
  });
  EXPECT_THAT(proxy.access_log(), HasSubstr("upstream_send_timeout"));
  client.stream().finish_sending();
  sender.join();
}

// It takes what its windows let through at first, and not a byte more.
TEST(SendTimeout, HoldsForAnEndpointOfHttp2ThatNeverReads) {
  const DeafPort deaf;
  RunningEngine proxy;
  config::Cluster cluster = impatient_cluster();
  cluster.speaks_http2 = true;
  ASSERT_TRUE(proxy.publish(shop({deaf.port()}, cluster)));
  auto client = HttpClient::connect(proxy.http());
  std::thread sender([&] {
    client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 67108864\r\n\r\n");
    client.send(std::string(64 << 20, 'b'));  // more than any buffer on the way
  });
  EXPECT_THAT(proxy.access_log(), HasSubstr("upstream_send_timeout"));
  EXPECT_EQ(client.read_answer().status, 504);
  sender.join();
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_retries_total"), 0);
  EXPECT_TRUE(
      eventually([&] { return proxy.metric("gatehouse_proxy_upstream_connections_open") == 0; }));
}

}  // namespace
}  // namespace proxy::support
