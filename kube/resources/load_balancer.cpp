#include "kube/resources/load_balancer.h"

#include <nlohmann/json.hpp>

#include "kube/resources/load_balancer_reader.h"

namespace kube {

std::vector<LoadBalancerAddress> read_load_balancer(const JsonReader& object) {
  std::vector<LoadBalancerAddress> addresses;
  const JsonReader load_balancer = object.object("status").object("loadBalancer");
  load_balancer.each("ingress", [&addresses](const JsonReader& one) {
    addresses.push_back({one.text("ip"), one.text("hostname")});
  });
  return addresses;
}

nlohmann::json load_balancer_to_json(const std::vector<LoadBalancerAddress>& addresses) {
  nlohmann::json list = nlohmann::json::array();
  for (const LoadBalancerAddress& address : addresses) {
    nlohmann::json one = nlohmann::json::object();
    if (!address.ip.empty()) one["ip"] = address.ip;
    if (!address.hostname.empty()) one["hostname"] = address.hostname;
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace kube
