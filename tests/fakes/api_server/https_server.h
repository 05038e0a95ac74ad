#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "tests/fakes/api_server/http.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace fakes::api_server {

// A small HTTPS/1.1 server: one thread per connection, so a watch may sit for as long as it likes.
// Its own, because a fake that misbehaves on order must be able to hang up in any state and stop at
// once. Loopback only. The handler runs on the connection's thread and must be thread-safe.
class HttpsServer {
 public:
  using Handler = std::function<Reply(const Request&)>;

  // Listens on 127.0.0.1:port (0: a free one) at once.
  static base::Result<std::unique_ptr<HttpsServer>> start(std::uint16_t port,
                                                          const std::string& certificate_pem,
                                                          const std::string& key_pem,
                                                          Handler handler);
  // Closes all connections and waits for their threads.
  ~HttpsServer();
  HttpsServer(const HttpsServer&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  struct Connection {
    int fd = -1;
    std::atomic<bool> is_done{false};
    std::thread thread;
  };

  HttpsServer(int listener, std::uint16_t port, ssl_ctx_st* context, Handler handler);
  void accept_loop();
  void serve(Connection& connection);
  void forget_finished();

  int listener_;
  std::uint16_t port_;
  ssl_ctx_st* context_;
  Handler handler_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::list<Connection> connections_;
  std::thread acceptor_;
};

// A CA, and a server certificate for 127.0.0.1 and localhost signed by it, all PEM. Made with
// OpenSSL directly and not with base, so that a mistake there is not hidden here.
struct ServingCertificate {
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
};
base::Result<ServingCertificate> make_serving_certificate();

}  // namespace fakes::api_server
