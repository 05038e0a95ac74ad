#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/openssl.h"
#include "proxy/net/fd.h"

namespace proxy::support {

// A blocking TCP connection of a test, plain or TLS, with kPatience for everything: a test that
// waits for what never comes fails instead of hanging.
class SocketStream {
 public:
  SocketStream() = default;
  explicit SocketStream(net::Fd fd);
  SocketStream(SocketStream&&) = default;
  SocketStream& operator=(SocketStream&&) = default;

  static SocketStream connect(std::uint16_t port, std::string_view ip = "127.0.0.1");

  // The client's TLS handshake; verifies nothing. Empty when it succeeded, else what went wrong.
  struct TlsWishes {
    std::string server_name;
    std::string alpn;  // "h2"; empty: not offered
    SSL_SESSION* resume = nullptr;
    // Shown to a server that asks: leaf first, PEM; empty: nothing is.
    std::string chain_pem{};
    std::string key_pem{};
    int version_max = 0;    // TLS1_2_VERSION; 0: any
    std::string ciphers{};  // of TLS 1.2; empty: OpenSSL's own list
  };
  std::string start_tls(const TlsWishes& wishes);
  // The server's; the context must outlive it. False: it failed.
  bool accept_tls(SSL_CTX* context);
  void say_goodbye();  // close_notify
  SSL* ssl() { return ssl_.get(); }

  // False: the peer is gone.
  bool send(std::string_view bytes);
  // What is there, at least a byte; empty: the end, or nothing came in time.
  std::string receive();
  // Up to the end of what the peer sends.
  std::string receive_all();
  // True when the peer closed in an orderly way (FIN, after all that was read).
  bool at_end();
  void finish_sending();
  void reset();  // RST
  void close();
  // Takes what comes a little at a time, like a client on a slow line, for this long; the kernel
  // keeps little for it. Returns what came.
  std::string receive_slowly(std::chrono::milliseconds time);
  // Instead of kPatience.
  void be_patient_for(std::chrono::milliseconds time);
  int fd() const { return fd_.get(); }
  bool timed_out() const { return timed_out_; }

 private:
  net::Fd fd_;
  base::SslCtxPtr context_;
  base::SslPtr ssl_;
  bool timed_out_ = false;
};

// What a client of shop.test says first in TLS.
std::string client_hello();

}  // namespace proxy::support
