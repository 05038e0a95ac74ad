#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/http.h"
#include "base/result.h"

namespace base {

struct ServedRequest {
  std::string method;
  std::string path;                          // decoded, without the query
  std::map<std::string, std::string> query;  // decoded
  HttpHeaders headers;                       // names lower-cased
  std::string body;
  std::string peer_address;
};

// Answers one request, now or later, from any thread; the first call counts. A Respond that is
// destroyed uncalled answers 500.
using Respond = std::function<void(HttpResponse)>;

// The operator's own small HTTP(S) endpoints: control API, metrics, health. The only place that
// knows cpprestsdk (docs/decisions/0002-cpprestsdk-behind-a-seam.md). A long poll costs a
// connection and no thread: all servers of a process share four.
//
// What cpprestsdk cannot do, and so neither can this:
//   - it has no timeouts and no limit on the size of a request's head, so it belongs inside a
//     cluster, never on the internet;
//   - it binds IPv4 addresses only;
//   - it does not see a client go away while its long poll waits: answer every poll in bounded
//   time;
//   - a port stays bound, and answers 404, until the last server of the process is destroyed.
// TLS is 1.2 or newer. A request with Transfer-Encoding is answered 411, one over body_bytes_max
// 413.
class HttpServer {
 public:
  // Called on the server's threads; must not block: a long poll keeps respond and returns.
  using Handler = std::function<void(ServedRequest request, Respond respond)>;
  // The chain and key in PEM for a new connection, asked for every time so that a renewed
  // certificate is served without a restart.
  struct TlsIdentity {
    std::string chain_pem;
    std::string key_pem;
  };
  using TlsSource = std::function<TlsIdentity()>;

  struct Options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0 picks a free one
    TlsSource tls;           // none: plain HTTP
    std::size_t body_bytes_max = 1u << 20;
  };

  // invalid: the address is not one, or the port is taken.
  static Result<std::unique_ptr<HttpServer>> listen(Options options, Handler handler);

  // Answers waiting polls with 503, waits for running handlers, and for at most two seconds until
  // the answers are written. A Respond that is called later does nothing.
  virtual ~HttpServer() = default;
  virtual std::uint16_t port() const = 0;
};

}  // namespace base
