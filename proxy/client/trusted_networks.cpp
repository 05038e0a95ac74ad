#include "proxy/client/trusted_networks.h"

#include "proxy/config/limits.h"

namespace proxy::client {

base::Result<TrustedNetworks> TrustedNetworks::parse(const std::vector<std::string>& networks) {
  if (networks.size() > config::kTrustedProxiesMax) {
    return base::failure(base::ErrorKind::invalid,
                         std::to_string(networks.size()) + " networks are more than the " +
                             std::to_string(config::kTrustedProxiesMax) + " there may be");
  }
  TrustedNetworks trusted;
  for (const std::string& text : networks) {
    const auto network = config::Network::parse(text);
    if (!network) {
      return base::failure(base::ErrorKind::invalid,
                           "'" + text + "' is not a network; write it as 10.0.0.0/8 or fd00::/8");
    }
    trusted.networks_.push_back(*network);
  }
  return trusted;
}

TrustedNetworks TrustedNetworks::with(const std::vector<config::Network>& more) const {
  TrustedNetworks all = *this;
  all.networks_.insert(all.networks_.end(), more.begin(), more.end());
  return all;
}

}  // namespace proxy::client
