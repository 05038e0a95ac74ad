#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

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
  std::string peer_origin;  // whom it is counted for: the address, or of IPv6 its /64; bytes
};

// What a handler says. A body that many are sent at once is held once, for as long as one of them
// is being written to.
struct ServedAnswer {
  ServedAnswer(HttpResponse one)
      : response(std::move(one)) {}  // NOLINT(google-explicit-constructor)
  ServedAnswer(int status, HttpHeaders headers, std::string body)
      : response{status, std::move(headers), std::move(body)} {}
  ServedAnswer(HttpResponse head, std::shared_ptr<const std::string> body)
      : response(std::move(head)), shared_body(std::move(body)) {}

  std::size_t body_bytes() const {
    return shared_body ? shared_body->size() : response.body.size();
  }

  HttpResponse response;
  std::shared_ptr<const std::string> shared_body{};  // in place of response.body
};

// Answers one request, now or later, from any thread; the first call counts. A Respond that is
// destroyed uncalled answers 500.
using Respond = std::function<void(ServedAnswer)>;

// The operator's own small HTTP(S) endpoints: control API, metrics, health
// (docs/decisions/0044-a-listener-of-our-own.md). Each has one thread that blocks on nothing but
// its sockets, so that none of them waits for another's clients; a long poll costs a connection and
// no thread.
//
// HTTP/1.1, requests one after the other. A request with Transfer-Encoding is answered 411, one
// over body_bytes_max 413. TLS is 1.2 or newer. A client that goes away in the middle of a poll is
// forgotten at once.
//
// Strangers can do no more than take places (ConnectionRoll says who makes room for whom) for as
// long as Times lets them. Without descriptors accepting pauses.
class HttpServer {
 public:
  // Called on the server's thread; must not block: a long poll keeps respond and returns.
  using Handler = std::function<void(ServedRequest request, Respond respond)>;
  // The chain and key in PEM for a new connection, asked for every time so that a renewed
  // certificate is served without a restart.
  struct TlsIdentity {
    std::string chain_pem;
    std::string key_pem;
    bool operator==(const TlsIdentity&) const = default;
  };
  using TlsSource = std::function<TlsIdentity()>;

  // What a client has for each step. Inside a cluster all of them take milliseconds.
  struct Times {
    std::chrono::milliseconds handshake{5'000};
    std::chrono::milliseconds request{10'000};   // from its first byte to its last; of the first
                                                 // request, from the handshake
    std::chrono::milliseconds idle{75'000};      // between two requests
    std::chrono::milliseconds progress{10'000};  // taking some of an answer
    std::chrono::milliseconds answer{60'000};    // taking all of it
    std::chrono::milliseconds linger{2'000};     // closing its end after the last answer
  };

  struct Options {
    std::string name = "an HTTP server";  // in the log
    std::string address = "127.0.0.1";    // "::" is every address of both families
    std::uint16_t port = 0;               // 0 picks a free one
    TlsSource tls;                        // none: plain HTTP
    std::size_t body_bytes_max = 1u << 20;
    std::size_t connections_max = 1024;
    std::size_t per_origin_max = 256;  // of one IPv4 address, or /64 of IPv6
    // Of requests that are not complete, all together. Whoever holds most of it leaves, a stranger
    // first: a body of body_bytes_max from each connection would be gigabytes.
    std::size_t held_bytes_max = 64u << 20;
    Times times;
    // Called on the server's thread for each connection that was ended before its client wanted:
    // "handshake", "request" or "write" were not done in time; it "made_room"; it was "refused"; of
    // the "memory" it held most.
    std::function<void(const char* why)> on_cut_off;
  };

  // invalid: the address is not one, or the port is taken.
  static Result<std::unique_ptr<HttpServer>> listen(Options options, Handler handler);

  // Answers waiting polls with 503, and waits for at most two seconds until the answers are
  // written. A Respond that is called later does nothing.
  virtual ~HttpServer() = default;
  virtual std::uint16_t port() const = 0;
};

}  // namespace base
