// When clients can connect at all.
#include <atomic>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/control/snapshot.h"
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

// A new process takes over from the old one, as their two engines show.
// With as many workers, with fewer and with more; one alone is dealt clients of before for a
// moment.
class SharedPorts : public ::testing::TestWithParam<std::pair<std::size_t, std::size_t>> {};
INSTANTIATE_TEST_SUITE_P(Workers, SharedPorts,
                         ::testing::Values(std::pair(2, 2), std::pair(3, 2), std::pair(1, 3)));

TEST_P(SharedPorts, AreLeftToAnotherAndNoRequestFails) {
  RunningEngine old(RunningEngine::quick(), GetParam().first);
  ASSERT_TRUE(old.publish(shop({})));
  session::EngineSettings settings;
  settings.options = RunningEngine::quick();
  settings.workers = GetParam().second;
  settings.http = net::SocketAddress::from_ip("127.0.0.1", old.http()).value();
  const auto log = admin::AccessLog::open("off").value();
  EXPECT_FALSE(session::Engine::start(settings, *log)) << "without being asked to";
  settings.shares_ports = true;
  const auto next = session::Engine::start(settings, *log).value();
  ASSERT_TRUE(next->publish(control::make_snapshot(shop({}))));

  std::atomic<bool> stop{false};
  std::atomic<int> served{0}, failed{0};
  std::thread clients([&] {
    while (!stop) {
      const HttpAnswer answer = HttpClient::connect(old.http()).get("/");
      ++(answer.status == 503 ? served : failed);
    }
  });
  ASSERT_TRUE(eventually([&] { return served > 20; }));
  const session::Engine::Drain drain{.grace = std::chrono::milliseconds(0),
                                     .deadline = std::chrono::seconds(30),
                                     .handshakes = std::chrono::milliseconds(200)};
  EXPECT_EQ(old.engine().drain(drain, {}), 0u);
  const int before = served;
  EXPECT_TRUE(eventually([&] { return served > before + 20; }));
  stop = true;
  clients.join();
  EXPECT_EQ(failed, 0);
}

TEST(Ports, StayClosedWhenAConfigurationComesAfterTheDrain) {
  RunningEngine proxy;
  EXPECT_EQ(proxy.engine().drain({std::chrono::milliseconds(0), std::chrono::seconds(5)}, {}), 0u);
  ASSERT_TRUE(proxy.publish(shop({})));
  EXPECT_TRUE(eventually([&] { return !is_open(proxy.http()); }));
}

}  // namespace
}  // namespace proxy::support
