// What a backend is told that it was asked as.
#include <gtest/gtest.h>

#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

TEST(UpstreamHost, ABackendGetsTheHostOfItsRouteAndTheClientsAsForwarded) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello"));
  });
  RunningEngine proxy;
  auto config = shop({backend.port()});
  auto host = *config.hosts.at("shop.test");
  for (config::Route& route : host.routes)
    route.policies.change().upstream_host = "web.internal:8080";
  config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
  ASSERT_TRUE(proxy.publish(config));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(backend.last().field("host"), "web.internal:8080");
  EXPECT_EQ(backend.last().field("x-forwarded-host"), "shop.test");
}

}  // namespace
}  // namespace proxy::support
