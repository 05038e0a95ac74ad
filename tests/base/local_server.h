#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/key.h"
#include "base/openssl.h"

namespace base {

// A CA and a server certificate for "localhost" and 127.0.0.1, made for one test.
struct TestIdentity {
  std::string ca_pem;
  std::string chain_pem;  // leaf and CA
  std::string key_pem;
  std::string leaf_pem;

  static TestIdentity make();
};

// A server that says exactly the bytes that a test wants, over plain TCP or TLS, on a free port of
// 127.0.0.1. One thread per connection; the destructor closes every connection and joins.
class LocalServer {
 public:
  class Peer {
   public:
    virtual ~Peer() = default;
    // One request: its head and, by its Content-Length, its body. Empty when the peer has closed.
    virtual std::string read_request() = 0;
    virtual void write(std::string_view bytes) = 0;
    // Blocks until the client closes, or the server ends.
    virtual void wait_for_close() = 0;
  };
  // Runs for each connection; when it returns the connection is closed.
  using Script = std::function<void(Peer&)>;

  explicit LocalServer(Script script, const TestIdentity* tls = nullptr);
  ~LocalServer();

  std::uint16_t port() const { return port_; }
  std::string url(std::string_view path) const;
  int connections() const { return connections_; }

 private:
  void accept_all();
  void serve(int fd);

  Script script_;
  SslCtxPtr context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

// A script that answers every request of a connection with what answer(request) returns.
LocalServer::Script answering(std::function<std::string(const std::string&)> answer);
// "HTTP/1.1 200 OK" with this body.
std::string ok(std::string_view body, std::string_view more_headers = "");

}  // namespace base
