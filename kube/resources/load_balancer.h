#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace kube {

// One address of status.loadBalancer.ingress, the same in Services and Ingresses: one of the two.
struct LoadBalancerAddress {
  std::string ip;
  std::string hostname;
  auto operator<=>(const LoadBalancerAddress&) const = default;
};

// The list, ready for status.loadBalancer.ingress.
nlohmann::json load_balancer_to_json(const std::vector<LoadBalancerAddress>& addresses);

}  // namespace kube
