#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kube/object.h"
#include "kube/resources/load_balancer.h"

namespace kube {

struct ServicePort {
  std::string name;  // may be empty when there is one port
  std::int32_t port = 0;
  std::string target_port;  // a number or a port name, as text; empty: same as port
  std::string protocol = "TCP";
  std::string app_protocol;
  bool operator==(const ServicePort&) const = default;
};

// core/v1 Service.
struct Service {
  ObjectMeta metadata;
  std::string type_name = "ClusterIP";  // ClusterIP | NodePort | LoadBalancer | ExternalName
  std::vector<ServicePort> ports;
  std::string cluster_ip;  // "None": headless
  std::string external_name;
  std::vector<std::string> external_ips;
  bool publish_not_ready_addresses = false;
  std::string session_affinity = "None";           // None | ClientIP
  std::int64_t session_affinity_seconds = 10'800;  // sessionAffinityConfig.clientIP.timeoutSeconds
  std::vector<LoadBalancerAddress> load_balancer;  // status.loadBalancer.ingress

  static const ResourceType& type();
  static base::Result<Service> from_json(const nlohmann::json& object);
};

}  // namespace kube
