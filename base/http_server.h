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
// knows cpprestsdk (docs/decisions/0002-cpprestsdk-behind-a-seam.md).
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

  static Result<std::unique_ptr<HttpServer>> listen(Options options, Handler handler);

  virtual ~HttpServer() = default;  // stops accepting and waits for running handlers
  virtual std::uint16_t port() const = 0;
};

}  // namespace base
