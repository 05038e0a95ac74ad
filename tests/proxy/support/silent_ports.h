#pragma once

#include <cstdint>
#include <list>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "proxy/net/socket.h"

namespace proxy::support {

// A port whose queue of connections is full: the kernel drops what comes, as a network that loses
// everything would.
class FullPort {
 public:
  FullPort() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto any = net::SocketAddress::from_ip("127.0.0.1", 0).value();
    ::bind(listener_.get(), any.get(), any.size());
    ::listen(listener_.get(), 0);
    const auto address = net::local_address(listener_.get());
    port_ = address.port();
    for (int i = 0; i < 16; ++i) {
      waiting_.push_back(net::start_connect(address));
      // On loopback a connect that succeeds has done so when the call returns.
      pollfd connected{waiting_.back().get(), POLLOUT, 0};
      if (::poll(&connected, 1, 0) == 0) return;
    }
    ADD_FAILURE() << "the port is never full";
  }
  std::uint16_t port() const { return port_; }

 private:
  net::Fd listener_;
  std::uint16_t port_ = 0;
  std::list<net::Fd> waiting_;
};

// Bound, and nobody listens: whoever connects is refused, and nobody else has it meanwhile.
class ClosedPort {
 public:
  ClosedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto any = net::SocketAddress::from_ip("127.0.0.1", 0).value();
    EXPECT_EQ(::bind(socket_.get(), any.get(), any.size()), 0);
  }
  std::uint16_t port() const { return net::local_address(socket_.get()).port(); }

 private:
  net::Fd socket_;
};

// Takes connections, and nothing that comes on them.
class DeafPort {
 public:
  DeafPort()
      : listener_(net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value()) {}
  std::uint16_t port() const { return net::local_address(listener_.get()).port(); }

 private:
  net::Fd listener_;  // the kernel completes connections that nobody accepts
};

}  // namespace proxy::support
