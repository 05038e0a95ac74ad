#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"

namespace proxy::admin {

// What became of one request, as a part of its trace: a span of kind "server" in the words of
// OpenTelemetry. Made when the request has ended; owns its texts, as it outlives the request.
struct Span {
  // In hexadecimal (W3C Trace Context §3.2.2); no parent_id: nobody before us took part.
  std::string trace_id, span_id, parent_id;
  base::WallTime begin{};
  std::chrono::microseconds duration{};
  std::string method;
  std::string host;
  std::string path;  // without the query, which may hold secrets
  std::string client;
  std::string protocol;  // "HTTP/1.1", "HTTP/2"
  bool is_https = false;
  int status = 0;        // 0: the client left before there was one
  std::string upstream;  // "10.1.2.3:8080"; empty: none was asked
  std::string reason;    // why this status, when the proxy itself decided it; else empty
};

}  // namespace proxy::admin
