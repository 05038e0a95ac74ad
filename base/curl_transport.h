#pragma once

#include <memory>
#include <string>

#include "base/http.h"

namespace base {

struct CurlOptions {
  std::string user_agent = "gatehouse";
  // Trust anchors in PEM, instead of the system's; empty: the system's.
  std::string ca_pem;
  // A client certificate and its key in PEM; both or neither.
  std::string client_certificate_pem;
  std::string client_key_pem;
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  std::size_t body_bytes_max = 32u << 20;  // of send(); streams are not limited
  bool follow_redirects = false;
  bool verify_peer = true;  // false only for probes that read a certificate and trust nothing
  // Forward proxies are taken from the environment as libcurl does (https_proxy, no_proxy). False
  // where the peer is inside the cluster: to go around by a proxy would ask somebody else, or
  // nobody.
  bool use_environment_proxy = true;
};

// HTTP/1.1 over libcurl, the only place that knows libcurl. Connections are kept alive from call to
// call, whichever thread makes it; calls at the same time use connections of their own.
// Error messages name the URL and the reason in libcurl's words. A peer whose certificate cannot be
// trusted is ErrorKind::denied, and the message says what to configure when a missing CA is why;
// no answer (name, connection, timeout, broken off) is unavailable; a URL, header or client
// certificate that cannot be used is invalid; an answer that is not HTTP or too large is protocol.
std::unique_ptr<HttpTransport> make_curl_transport(CurlOptions options);

}  // namespace base
