// When clients can connect at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/net/socket.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;

bool is_open(std::uint16_t port) {
  return SocketStream::connect(port).fd() >= 0;
}

TEST(Ports, OpenWhenTheFirstConfigurationIsLiveInEveryWorker) {
  RunningEngine proxy(RunningEngine::quick(), 4);
  EXPECT_FALSE(is_open(proxy.http()));
  EXPECT_FALSE(is_open(proxy.https()));
  EXPECT_FALSE(proxy.engine().ready());
  ASSERT_TRUE(proxy.publish(shop({})));
  EXPECT_TRUE(proxy.engine().ready());
  EXPECT_TRUE(is_open(proxy.https()));
  // Whichever worker is given the connection.
  for (int i = 0; i < 64; ++i) {
    EXPECT_THAT(HttpClient::connect(proxy.http()).get("/").body, HasSubstr("no_endpoints"));
  }
}

TEST(Ports, APortThatSomebodyElseListensOnMeanwhileIsNotShared) {
  RunningEngine proxy;
  const auto address = net::SocketAddress::from_ip("127.0.0.1", proxy.https()).value();
  const auto taken = net::listen_on(address).value();
  const auto published = proxy.publish(shop({}));
  ASSERT_FALSE(published);
  EXPECT_THAT(published.error().message, HasSubstr("cannot listen on " + address.text()));
  EXPECT_FALSE(proxy.engine().ready());
}

TEST(Ports, StayClosedWhenAConfigurationComesAfterTheDrain) {
  RunningEngine proxy;
  EXPECT_EQ(proxy.engine().drain({std::chrono::milliseconds(0), std::chrono::seconds(5)}, {}), 0u);
  ASSERT_TRUE(proxy.publish(shop({})));
  EXPECT_TRUE(eventually([&] { return !is_open(proxy.http()); }));
}

}  // namespace
}  // namespace proxy::support
