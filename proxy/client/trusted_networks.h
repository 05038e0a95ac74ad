#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/config/network.h"

namespace proxy::client {

// The one list of those who may say who their client is: load balancers and CDNs that this proxy
// stands behind. Empty unless told otherwise: then everybody is the client itself. Immutable once
// made; any thread may read it.
class TrustedNetworks {
 public:
  // As many as a configuration may have (config::kTrustedProxiesMax). The error names the first
  // that is none.
  static base::Result<TrustedNetworks> parse(const std::vector<std::string>& networks);

  // These and more, some of which may be among them.
  TrustedNetworks with(const std::vector<config::Network>& more) const;

  bool empty() const { return networks_.empty(); }
  std::size_t size() const { return networks_.size(); }
  bool contains(const config::IpAddress& address) const {
    return std::any_of(networks_.begin(), networks_.end(),
                       [&](const config::Network& one) { return one.contains(address); });
  }
  bool operator==(const TrustedNetworks&) const = default;

 private:
  std::vector<config::Network> networks_;
};

}  // namespace proxy::client
