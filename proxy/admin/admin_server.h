#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace proxy::admin {

// The proxy's own small endpoint: GET /livez /readyz /metrics, for kubelet, Prometheus and people.
// A thread of its own, because it must answer when the workers do not; one request per connection,
// five seconds for each, and a slow client keeps no other waiting.
class AdminServer {
 public:
  // Called on the server's thread.
  struct Pages {
    std::function<base::Status()> alive;  // the loops tick; else which does not
    std::function<base::Status()> ready;  // a first configuration is live, and not draining
    std::function<std::string()> metrics;
  };

  // "::" is every address of both families; port 0 picks a free one. invalid: says which address
  // could not be bound and why.
  static base::Result<std::unique_ptr<AdminServer>> listen(const std::string& address,
                                                           std::uint16_t port, Pages pages);
  virtual ~AdminServer() = default;  // ends the thread
  virtual std::uint16_t port() const = 0;
};

}  // namespace proxy::admin
