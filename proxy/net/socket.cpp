#include "proxy/net/socket.h"

#include <cerrno>
#include <cstring>

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/ip_text.h"
#include "base/open_files.h"
#include "proxy/reason/words.h"

namespace proxy::net {
namespace {

constexpr int kBacklog = 4096;  // the kernel caps it at net.core.somaxconn

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

base::Result<Fd> bind_to(const SocketAddress& address, bool shared) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) {
    // "Every address" is IPv4's where the kernel has no IPv6.
    if (errno == EAFNOSUPPORT && address.ip_text() == base::kEveryAddress) {
      return bind_to(SocketAddress::from_ip("0.0.0.0", address.port()).value(), shared);
    }
    return base::failure(
        base::ErrorKind::unavailable,
        "cannot make a socket for " + address.text() + ": " + std::strerror(errno));
  }
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (shared) set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (address.family() == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(fd.get(), address.get(), address.size()) != 0) {
    return base::failure(base::ErrorKind::unavailable,
                         "cannot listen on " + address.text() + ": " + std::strerror(errno));
  }
  return fd;
}

IoResult receive_with(int fd, char* out, std::size_t size, int flags) {
  for (;;) {
    const ssize_t got = ::recv(fd, out, size, flags);
    if (got > 0) return {IoResult::Kind::done, static_cast<std::size_t>(got)};
    if (got == 0) return {IoResult::Kind::closed, 0};
    if (errno == EINTR) continue;
    const bool again = errno == EAGAIN || errno == EWOULDBLOCK;
    return {again ? IoResult::Kind::would_block : IoResult::Kind::failed, 0};
  }
}

}  // namespace

IoResult receive(int fd, char* out, std::size_t size) {
  return receive_with(fd, out, size, 0);
}

IoResult peek(int fd, char* out, std::size_t size) {
  return receive_with(fd, out, size, MSG_PEEK);
}

IoResult send(int fd, std::string_view bytes) {
  for (;;) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) return {IoResult::Kind::done, static_cast<std::size_t>(sent)};
    if (sent < 0 && errno == EINTR) continue;
    const bool again = sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    return {again ? IoResult::Kind::would_block : IoResult::Kind::failed, 0};
  }
}

base::Result<Fd> bind_listener(const SocketAddress& address) {
  auto fd = bind_to(address, true);
  if (fd) set_option(fd->get(), IPPROTO_TCP, TCP_NODELAY, 1);  // accepted sockets inherit it
  return fd;
}

base::Status start_listening(int fd) {
  if (::listen(fd, kBacklog) == 0) return {};
  const std::string why = std::strerror(errno);
  return base::failure(base::ErrorKind::unavailable,
                       "cannot listen on " + local_address(fd).text() + ": " + why);
}

base::Result<Fd> listen_on(const SocketAddress& address) {
  auto fd = bind_listener(address);
  if (!fd) return fd;
  if (auto status = start_listening(fd->get()); !status) return base::failure(status.error());
  return fd;
}

base::Status check_address_is_free(const SocketAddress& address) {
  if (address.port() == 0) return {};
  auto fd = bind_to(address, false);
  if (!fd) return base::failure(fd.error());
  return {};
}

SocketAddress local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
  return SocketAddress::from_sockaddr(storage);
}

Accepted accept_from(int listener) {
  for (;;) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    Accepted accepted;
    accepted.fd = Fd(::accept4(listener, reinterpret_cast<sockaddr*>(&storage), &size,
                               SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted.fd.is_open()) {
      accepted.peer = SocketAddress::from_sockaddr(storage);
      return accepted;
    }
    // The client was gone before we took it: the next one, please.
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
    accepted.out_of_descriptors =
        errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return accepted;
  }
}

bool has_waiting_client(int listener) {
  pollfd polled{listener, POLLIN, 0};
  return ::poll(&polled, 1, 0) == 1;
}

Fd start_connect(const SocketAddress& address) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return fd;
  set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (::connect(fd.get(), address.get(), address.size()) != 0 && errno != EINPROGRESS) {
    const int error = errno;
    fd.reset();
    errno = error;
  }
  return fd;
}

void keep_alive(int fd) {
  // Seconds: a minute until it is known to be gone.
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

void watch_host(int fd) {
  // Seconds: three questions without an answer are kHostSilence.
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(kHostSilence.count()));
}

void bear_unread(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 0);
}

int take_connect_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

std::string_view connect_failure_reason(int error) {
  switch (error) {
    case ECONNREFUSED:
      return reason::connect_refused;
    case EHOSTUNREACH:
    case ENETUNREACH:
      return reason::connect_unreachable;
    case ECONNRESET:
      return reason::connect_reset;
    case EMFILE:
    case ENFILE:
      return reason::no_descriptors;
    case ETIMEDOUT:
      return reason::connect_timeout;
    default:
      return reason::connect_failed;
  }
}

bool is_peers_connect_failure(int error) {
  switch (error) {
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

void shut_down_sending(int fd) {
  ::shutdown(fd, SHUT_WR);
}

std::size_t unacknowledged_bytes(int fd) {
  int bytes = 0;
  return ::ioctl(fd, SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

std::uint64_t acknowledged_bytes(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  return ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_acked : 0;
}

void reset_on_close(int fd) {
  const linger value{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value);
}

std::size_t raise_open_files_limit() {
  return base::raise_open_files_limit();
}

}  // namespace proxy::net
