// A port that two sides listen on, of which one leaves: by the kernel's own choice of sockets.
#include <vector>

#include <gtest/gtest.h>

#include "proxy/net/port_handover.h"
#include "proxy/net/socket.h"
#include "tests/proxy/support/socket_stream.h"

namespace proxy::net {
namespace {

class SharedPort : public ::testing::Test {
 protected:
  std::vector<Fd> listen(unsigned count) {
    std::vector<Fd> sockets;
    for (unsigned i = 0; i < count; ++i) {
      sockets.push_back(listen_on(address_).value());
      address_ = local_address(sockets.back().get());
    }
    return sockets;
  }
  // Returns how many of these were given one of so many clients.
  unsigned given_clients(const std::vector<Fd>& sockets, int clients) {
    std::vector<support::SocketStream> connected;
    for (int i = 0; i < clients; ++i) {
      connected.push_back(support::SocketStream::connect(address_.port()));
    }
    unsigned given = 0;
    for (const Fd& fd : sockets) given += has_waiting_client(fd.get()) ? 1 : 0;
    for (const Fd& fd : sockets) {
      while (accept_from(fd.get()).fd.is_open()) {
      }
    }
    return given;
  }

  SocketAddress address_ = SocketAddress::from_ip("127.0.0.1", 0).value();
};

TEST_F(SharedPort, IsLeftByOneSocketAfterTheOtherAndAllClientsGoToTheOthers) {
  std::vector<Fd> ours = listen(2);
  EXPECT_EQ(count_listeners(ours.front().get()), 2u);
  const std::vector<Fd> others = listen(3);
  EXPECT_EQ(count_listeners(ours.front().get()), 5u);
  const auto handover = PortHandover::begin(ours.front().get(), 2);
  ASSERT_TRUE(handover);
  handover->send_to_others();
  EXPECT_EQ(given_clients(ours, 100), 0u);
  EXPECT_EQ(given_clients(others, 100), 3u);
  handover->before_closing_one_of(2);
  EXPECT_EQ(given_clients(ours, 100), 0u);
  ours.pop_back();
  EXPECT_EQ(given_clients(ours, 100), 0u);
  handover->before_closing_one_of(1);
  EXPECT_EQ(given_clients(ours, 100), 0u);
  ours.pop_back();
  EXPECT_EQ(given_clients(others, 200), 3u) << "dealt out to all again";
  // The choice names the place that the next one to listen would get.
  std::vector<Fd> all = listen(2);
  deal_out_to_all(all.back().get());
  for (const Fd& fd : others) all.push_back(Fd(::dup(fd.get())));
  EXPECT_EQ(given_clients(all, 300), 5u);
}

TEST(ListenersOfAPort, AreCountedWhereTheKernelHasIpv6) {
  const auto address = SocketAddress::from_ip("::1", 0).value();
  const auto first = bind_listener(address);
  if (!first) GTEST_SKIP() << first.error().message;
  ASSERT_TRUE(start_listening(first->get()));
  EXPECT_EQ(count_listeners(first->get()), 1u);
  const Fd second = listen_on(local_address(first->get())).value();
  EXPECT_EQ(count_listeners(first->get()), 2u);
}

TEST_F(SharedPort, IsLeftWithoutMoreWhenNobodyElseListens) {
  const std::vector<Fd> ours = listen(2);
  EXPECT_FALSE(PortHandover::begin(ours.front().get(), 2));
}

}  // namespace
}  // namespace proxy::net
