#pragma once

#include <memory>
#include <string>

#include "base/http_server.h"
#include "base/result.h"
#include "tests/fakes/acme_server/acme_server.h"

namespace fakes {

// An AcmeServer that real programs can reach: HTTPS on a free port of 127.0.0.1, one request after
// the other. It takes tens of thousands of orders at once, where Pebble deadlocks.
class AcmeFront {
 public:
  // options.base_url is chosen here. clock must outlive it.
  static base::Result<std::unique_ptr<AcmeFront>> start(const base::Clock& clock,
                                                        AcmeServer::Options options);
  AcmeFront(const AcmeFront&) = delete;
  AcmeFront& operator=(const AcmeFront&) = delete;

  AcmeServer& server() { return *server_; }
  std::string directory_url() const { return server_->directory_url(); }
  // Of the HTTPS server, for a caBundle; root_pem() of the server is that of what it issues.
  const std::string& ca_pem() const { return ca_pem_; }

 private:
  AcmeFront() = default;

  std::string ca_pem_;
  std::unique_ptr<AcmeServer> server_;
  std::unique_ptr<base::HttpServer> http_;  // last: it asks the server
};

}  // namespace fakes
