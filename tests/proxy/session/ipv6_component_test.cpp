// IPv6 towards clients and towards endpoints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/net/socket.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;

bool says_path(SocketStream& stream, const SeenRequest& request) {
  return stream.send(ScriptedBackend::ok(request.path));
}

class Ipv6 : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!net::listen_on(net::SocketAddress::parse("[::1]:0").value())) {
      GTEST_SKIP() << "this machine has no IPv6";
    }
  }
};

TEST_F(Ipv6, AListenerServesAndNamesItsClients) {
  ScriptedBackend backend(says_path);
  RunningEngine proxy(RunningEngine::quick(), 2, "[::1]:0");
  config::ProxyConfig config = shop({backend.port()});
  add_certificate(config, "shop.test", issue({"shop.test"}));
  ASSERT_TRUE(proxy.publish(config));
  auto plain = HttpClient::connect(proxy.http(), "::1");
  EXPECT_EQ(plain.get("/plain").body, "/plain");
  EXPECT_EQ(backend.last().field("X-Forwarded-For"), "::1");
  SocketStream stream = SocketStream::connect(proxy.https(), "::1");
  ASSERT_EQ(stream.start_tls({"shop.test", "", nullptr}), "");
  HttpClient secure(std::move(stream));
  EXPECT_EQ(secure.get("/secure").body, "/secure");
  EXPECT_EQ(backend.last().field("X-Forwarded-Proto"), "https");
  EXPECT_THAT(proxy.access_log(2), HasSubstr("\"client\":\"::1\""));
}

TEST_F(Ipv6, AListenerOnEveryAddressServesBothFamiliesAndNamesEachByItsOwn) {
  ScriptedBackend backend(says_path);
  RunningEngine proxy(RunningEngine::quick(), 1, ":0");
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  for (const std::string ip : {"127.0.0.1", "::1"}) {
    auto client = HttpClient::connect(proxy.http(), ip);
    EXPECT_EQ(client.get("/").status, 200) << ip;
    EXPECT_EQ(backend.last().field("X-Forwarded-For"), ip);
  }
}

TEST_F(Ipv6, AnEndpointIsReachedAndKeptAndNamedWithBrackets) {
  ScriptedBackend backend(says_path, "::1");
  RunningEngine proxy;
  config::Cluster cluster;
  cluster.endpoints = {{"::1", backend.port()}};
  ASSERT_TRUE(proxy.publish(shop({}, cluster)));
  auto client = HttpClient::connect(proxy.http());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get("/v6").body, "/v6");
  EXPECT_EQ(backend.connections(), 1);
  EXPECT_THAT(proxy.access_log(),
              HasSubstr("\"upstream\":\"[::1]:" + std::to_string(backend.port()) + "\""));
}

TEST_F(Ipv6, AnEndpointThatRefusesIsPassedOverForOneOfTheOtherFamily) {
  ScriptedBackend backend(says_path);
  std::uint16_t dead = 0;
  {
    const ScriptedBackend gone(says_path, "::1");
    dead = gone.port();
  }
  RunningEngine proxy;
  config::Cluster cluster;
  cluster.endpoints = {{"::1", dead}};
  ASSERT_TRUE(proxy.publish(shop({backend.port()}, cluster)));
  auto client = HttpClient::connect(proxy.http());
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client.get("/").status, 200);
}

TEST_F(Ipv6, ALiteralAsHostIsAHostLikeAnyOther) {
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({})));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/", "[::1]:8080").status, 404);
  EXPECT_EQ(client.get("/", "[::1]").status, 404);
  EXPECT_EQ(client.get("/", "[::1").status, 400);
}

TEST_F(Ipv6, APortThatIsTakenIsNamedWithItsAddressAndTheCause) {
  const auto taken = net::listen_on(net::SocketAddress::parse("[::1]:0").value()).value();
  const auto status = net::check_address_is_free(net::local_address(taken.get()));
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("[::1]:"));
  EXPECT_THAT(status.error().message, HasSubstr("Address already in use"));
}

}  // namespace
}  // namespace proxy::support
