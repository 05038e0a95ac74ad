#include "base/tls_handshake.h"

#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>

#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/broken_pipes.h"
#include "base/ip_text.h"
#include "base/openssl.h"

namespace base {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// Waits for a socket, until a deadline or a stop.
class Waiter {
 public:
  Waiter(std::string peer, milliseconds timeout, const std::stop_token& stop)
      : peer_(std::move(peer)),
        deadline_(steady_clock::now() + timeout),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        stop_(stop),
        on_stop_(stop, [fd = wake_.get()] { ::eventfd_write(fd, 1); }) {}

  Status wait(int fd, short events) {
    for (;;) {
      if (stop_.stop_requested()) {
        return failure(ErrorKind::cancelled, "the TLS handshake with " + peer_ + " was cancelled");
      }
      const auto left = std::chrono::ceil<milliseconds>(deadline_ - steady_clock::now());
      if (left <= milliseconds(0)) {
        return failure(ErrorKind::unavailable, "no TLS handshake with " + peer_ + " in time");
      }
      pollfd fds[] = {{fd, events, 0}, {wake_.get(), POLLIN, 0}};
      const int ready = ::poll(fds, 2, static_cast<int>(left.count()));
      if (ready > 0 && fds[0].revents != 0) return {};
    }
  }

 private:
  const std::string peer_;
  const steady_clock::time_point deadline_;
  const Fd wake_;
  const std::stop_token stop_;
  const std::stop_callback<std::function<void()>> on_stop_;
};

struct AddressesDeleter {
  void operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }
};

// Numeric only: a name server may block for longer than any stop should wait.
Result<std::unique_ptr<addrinfo, AddressesDeleter>> numeric_address(const std::string& address,
                                                                    std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return failure(ErrorKind::invalid, "\"" + address + "\" is not an IP address");
  }
  return std::unique_ptr<addrinfo, AddressesDeleter>(found);
}

tl::unexpected<Error> no_connection(const std::string& peer, int error) {
  return failure(ErrorKind::unavailable, "no connection to " + peer + ": " + std::strerror(error));
}

Status connect_to(int fd, const addrinfo& address, const std::string& peer, Waiter& waiter) {
  if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return no_connection(peer, errno);
  if (auto waited = waiter.wait(fd, POLLOUT); !waited) return waited;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return no_connection(peer, error);
  return {};
}

Status shake_hands(SSL* ssl, int fd, const std::string& peer, Waiter& waiter) {
  for (;;) {
    ERR_clear_error();
    errno = 0;
    const int done = SSL_connect(ssl);
    if (done == 1) return {};
    const int saved_errno = errno;
    switch (SSL_get_error(ssl, done)) {
      case SSL_ERROR_WANT_READ:
        if (auto waited = waiter.wait(fd, POLLIN); !waited) return waited;
        break;
      case SSL_ERROR_WANT_WRITE:
        if (auto waited = waiter.wait(fd, POLLOUT); !waited) return waited;
        break;
      case SSL_ERROR_SSL:
        return failure(ErrorKind::protocol,
                       peer + " refused the TLS handshake: " + take_openssl_error());
      default:
        ERR_clear_error();
        return failure(ErrorKind::unavailable,
                       peer + " closed the connection during the TLS handshake" +
                           (saved_errno != 0 ? std::string(": ") + std::strerror(saved_errno)
                                             : std::string()));
    }
  }
}

Result<CertificateInfo> leaf_of(const SSL* ssl, const std::string& peer) {
  const X509Ptr leaf(SSL_get1_peer_certificate(ssl));
  if (!leaf) return failure(ErrorKind::protocol, peer + " presented no certificate");
  unsigned char* der = nullptr;
  const int size = i2d_X509(leaf.get(), &der);
  if (size <= 0) return failure(ErrorKind::protocol, peer + " presented a broken certificate");
  const std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return read_certificate_der(bytes);
}

}  // namespace

Result<CertificateInfo> read_served_certificate(const std::string& address, std::uint16_t port,
                                                const std::string& server_name,
                                                milliseconds timeout, std::stop_token stop) {
  const std::string peer =
      (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" +
      std::to_string(port);
  ignore_broken_pipes();
  const auto target = numeric_address(address, port);
  if (!target) return failure(target.error());
  const Fd fd(::socket((*target)->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) return no_connection(peer, errno);
  Waiter waiter(peer, timeout, stop);
  if (auto connected = connect_to(fd.get(), **target, peer, waiter); !connected) {
    return failure(connected.error());
  }
  const SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // Trusts nothing: the certificate is what we came to read.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const SslPtr ssl(SSL_new(context.get()));
  // RFC 6066 §3: an address is not a server name.
  if (!server_name.empty() && !ip_bytes_from_text(server_name)) {
    SSL_set_tlsext_host_name(ssl.get(), server_name.c_str());
  }
  SSL_set_fd(ssl.get(), fd.get());
  if (auto shaken = shake_hands(ssl.get(), fd.get(), peer, waiter); !shaken) {
    return failure(shaken.error());
  }
  return leaf_of(ssl.get(), peer);
}

}  // namespace base
