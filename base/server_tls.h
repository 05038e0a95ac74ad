#pragma once

#include "base/http_server.h"
#include "base/openssl.h"

namespace base {

// The server's half of TLS, made anew when the certificate is another. One thread.
class ServerTls {
 public:
  explicit ServerTls(HttpServer::TlsSource source) : source_(std::move(source)) {}

  // For one connection. Empty: there is no usable certificate at the moment.
  SslPtr make_ssl();

 private:
  const HttpServer::TlsSource source_;
  HttpServer::TlsIdentity identity_;
  SslCtxPtr context_;  // for identity_
};

}  // namespace base
