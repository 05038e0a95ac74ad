#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/shared_map.h"
#include "proxy/config/model.h"

namespace proxy::config {

// Structural rules: names well-formed, references exist, limits kept. The first breach is named
// with its place: "hosts[shop.example].routes[2].path: must start with '/'".
base::Status validate(const ProxyConfig& config);

// A configuration that is valid, with the number of references to each of its entries: by that a
// next one, of which it shares most, is known to be valid, too, when what differs is. A value,
// whose copies share all that they have in common.
class ValidConfig {
 public:
  ValidConfig() = default;  // the one without entries

  const ProxyConfig& config() const { return config_; }

  // Says what validate(next) says, at the cost of what is different in it.
  base::Result<ValidConfig> changed_to(ProxyConfig next) const;

 private:
  // By key, how many times entries refer to it, where that is not once: of ten thousand clusters
  // nearly each has one route, and each certificate one name.
  using Uses = base::SharedMap<std::uint32_t>;

  ProxyConfig config_;
  Uses clusters_, guards_, shapes_, certificates_;
};

}  // namespace proxy::config
