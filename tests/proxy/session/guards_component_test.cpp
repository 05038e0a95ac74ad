// Guards of routes, seen by clients and by the endpoint behind them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;

ScriptedBackend::Script says_hello() {
  return [](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello"));
  };
}

// shop.test as shop() makes it; below /admin these guards hold.
config::ProxyConfig shop_with_admin(std::uint16_t port, const config::Guards& guards) {
  config::ProxyConfig config = shop({port});
  guard_below("/admin", config, guards);
  return config;
}

config::Guards allowing(const char* network) {
  config::Guards guards;
  guards.allowed = {*config::Network::parse(network)};
  return guards;
}

TEST(Guards, OneWhoIsNotAllowedGets403AndTheBackendHearsNothingOfIt) {
  ScriptedBackend backend(says_hello());
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop_with_admin(backend.port(), allowing("192.0.2.0/24"))));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/admin").status, 403);
  EXPECT_EQ(client.get("/admin/x").status, 403);
  EXPECT_NE(client.get("/%2561dmin").status, 200);
  EXPECT_NE(client.get("//admin").status, 200);
  EXPECT_EQ(backend.requests(), 0);
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_THAT(proxy.access_log(5), HasSubstr("\"address_not_allowed\""));
}

TEST(Guards, OneWhoIsAllowedComesThroughInEveryReading) {
  ScriptedBackend backend(says_hello());
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop_with_admin(backend.port(), allowing("127.0.0.0/8"))));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/admin").status, 200);
  EXPECT_EQ(client.get("//admin").status, 200);
  EXPECT_EQ(backend.requests(), 2);
}

TEST(Guards, OneWhoIsDeniedGets403) {
  ScriptedBackend backend(says_hello());
  RunningEngine proxy;
  config::Guards guards = allowing("127.0.0.0/8");
  guards.denied = {*config::Network::parse("127.0.0.1")};
  ASSERT_TRUE(proxy.publish(shop_with_admin(backend.port(), guards)));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/admin").status, 403);
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(backend.requests(), 1);
}

}  // namespace
}  // namespace proxy::support
