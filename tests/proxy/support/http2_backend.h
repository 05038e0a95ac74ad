#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/net/fd.h"
#include "tests/proxy/support/socket_stream.h"

namespace proxy::support {

// An endpoint that speaks HTTP/2 with prior knowledge, or in TLS, and behaves as the test says: by
// libnghttp2's server side, one thread per connection.
class Http2Backend {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  struct Request {
    std::map<std::string, std::string> fields;
    std::string body;
    int connection = 0;  // from 1
    int stream = 0;
  };
  struct Reply {
    Fields head{{":status", "200"}};
    std::string body{};
    Fields trailer{};
    std::int64_t reset = -1;    // RST_STREAM with this error, after what is above if anything is
    bool has_head = true;       // false: nothing is said but the reset
    bool leaves = false;        // GOAWAY first; its last stream is the one before this
    bool says_nothing = false;  // not even that
    std::string frames{};       // as they are, after what is above
  };
  // Called when a request is whole.
  using Script = std::function<Reply(const Request& request)>;

  struct Ways {
    std::uint32_t streams_max = 100;
    std::int32_t window = 65'535;  // of each stream
    // The head is answered at once, and what comes of the body is sent back as it comes.
    bool echoes = false;
    // As that, and to every stream of the connection: so one is spoken to without saying anything.
    bool echoes_to_all = false;
    base::SslCtxPtr tls{};
  };
  explicit Http2Backend(Script script) : Http2Backend(std::move(script), Ways{}) {}
  Http2Backend(Script script, Ways ways);
  ~Http2Backend();

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }
  int open_connections() const { return open_; }
  int requests() const { return requests_; }  // that were whole
  int resets() const { return resets_; }      // that came
  int streams_at_once() const { return most_; }
  Request last() const;
  // Of all connections: they end without a word.
  void drop_connections();

 private:
  friend struct BackendCallbacks;
  struct Session;
  void accept();
  void join_ended();
  void serve(Session& session);
  bool echoes() const { return ways_.echoes || ways_.echoes_to_all; }

  Script script_;
  Ways ways_;
  net::Fd listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0}, open_{0}, requests_{0}, resets_{0}, most_{0};
  mutable std::mutex mutex_;
  std::list<Session> sessions_;
  Request last_;
  std::thread thread_;
};

}  // namespace proxy::support
