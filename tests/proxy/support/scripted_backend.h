#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "proxy/config/model.h"
#include "proxy/net/fd.h"
#include "tests/proxy/support/socket_stream.h"

namespace proxy::support {

// A request as an endpoint got it.
struct SeenRequest {
  std::string head;     // as it came, up to and with its empty line
  std::string body;     // with its framing taken off
  std::string trailer;  // lines after the last chunk
  std::string method, path;
  // The value of the first field of this name (any case); empty: there is none.
  std::string field(std::string name) const;
};

// For an endpoint in TLS that shows this certificate.
base::SslCtxPtr tls_server(const config::Certificate& own);

// An endpoint that behaves as the test says, one thread per connection.
class ScriptedBackend {
 public:
  // Answers one request; false: the connection is over. It may read and write the stream as it
  // likes.
  using Script = std::function<bool(SocketStream& stream, const SeenRequest& request)>;

  explicit ScriptedBackend(Script script, std::string_view ip = "127.0.0.1",
                           base::SslCtxPtr tls = nullptr);
  ~ScriptedBackend();

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }
  int open_connections() const { return open_; }
  int requests() const { return requests_; }
  SeenRequest last() const;
  // Closes all connections, each when it waits for a request: a client may have an answer before
  // the connection does.
  void close_idle();

  // "HTTP/1.1 200 OK" with this body.
  static std::string ok(std::string_view body, std::string_view more_fields = {});

 private:
  struct Session {
    SocketStream stream;
    std::atomic<bool> is_idle{true};
    std::atomic<bool> has_ended{false};
    std::thread thread;
  };
  void accept();
  void join_ended();
  void serve(Session& session);
  bool read_request(SocketStream& stream, std::string& pending, SeenRequest& request);

  Script script_;
  base::SslCtxPtr tls_;  // nullptr: plain
  net::Fd listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0}, open_{0}, requests_{0};
  mutable std::mutex mutex_;
  std::list<Session> sessions_;
  SeenRequest last_;
  std::thread thread_;
};

}  // namespace proxy::support
