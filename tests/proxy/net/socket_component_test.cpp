#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "proxy/net/socket.h"
#include "tests/support/raw_client.h"
#include "tests/support/without_address_family.h"

namespace proxy::net {
namespace {

TEST(Listener, EveryAddressMeansIPv4WhereTheKernelHasNoIPv6) {
  std::jthread([] {
    if (!support::live_without_address_family(AF_INET6)) {
      GTEST_SKIP() << "this kernel filters no system calls";
    }
    const auto listener = listen_on(SocketAddress::parse(":0").value());
    ASSERT_TRUE(listener) << listener.error().message;
    EXPECT_EQ(local_address(listener->get()).ip_text(), "0.0.0.0");
    support::RawClient client;
    EXPECT_TRUE(client.connect(local_address(listener->get()).port()));
  }).join();
}

TEST(Listener, EveryAddressTakesIPv4ClientsBesideThoseOfIPv6) {
  const auto listener = listen_on(SocketAddress::parse(":0").value());
  ASSERT_TRUE(listener) << listener.error().message;
  if (local_address(listener->get()).family() != AF_INET6) GTEST_SKIP() << "there is no IPv6 here";
  support::RawClient client;
  ASSERT_TRUE(client.connect(local_address(listener->get()).port()));
  Accepted accepted;
  while (!accepted.fd.is_open()) accepted = accept_from(listener->get());
  EXPECT_EQ(accepted.peer.ip_text(), "127.0.0.1");
}

}  // namespace
}  // namespace proxy::net
