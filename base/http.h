#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

using HttpHeaders = std::multimap<std::string, std::string>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  HttpHeaders headers;
  std::string body;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  // of the whole call

  // Connects to "host:port" or "[v6]:port" instead of the address that the URL's host resolves to;
  // Host, SNI and verification still follow the URL. Empty: resolve as usual.
  std::string connect_to;
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;  // names lower-cased
  std::string body;

  // The first value of a header, by its lower-case name.
  std::optional<std::string> header(std::string_view name) const {
    const auto found = headers.find(std::string(name));
    if (found == headers.end()) return std::nullopt;
    return found->second;
  }
};

// The seam between our protocols and the network. Blocking; a stop request ends the call at once
// with ErrorKind::cancelled. Safe to call from many threads.
// An HTTP error status is a response, not an Error: only the protocol above knows what 404 means.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;

  // The whole answer. A body over the transport's limit is ErrorKind::protocol.
  virtual Result<HttpResponse> send(const HttpRequest& request, std::stop_token stop) = 0;

  // Delivers the body piece by piece until the peer closes, on_chunk returns false, or stop.
  // request.timeout bounds the time to the response head and between two chunks, not the whole.
  using OnChunk = std::function<bool(std::string_view)>;
  // Called once with status and headers (body empty) before the first chunk.
  using OnHead = std::function<bool(const HttpResponse&)>;
  virtual Result<HttpResponse> stream(const HttpRequest& request, const OnHead& on_head,
                                      const OnChunk& on_chunk, std::stop_token stop) = 0;
};

}  // namespace base
