#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/rare.h"
#include "base/result.h"
#include "kube/object.h"
#include "kube/resources/load_balancer.h"

namespace kube {

struct IngressServiceBackend {
  std::string name;
  std::string port_name;         // one of port_name and port_number
  std::int32_t port_number = 0;  // 0: by name
  bool operator==(const IngressServiceBackend&) const = default;
};

// A backend that is an object other than a Service.
struct IngressResourceBackend {
  std::string api_group;
  std::string kind;
  std::string name;
  bool operator==(const IngressResourceBackend&) const = default;
};

struct IngressBackend {
  std::optional<IngressServiceBackend> service;
  base::Rare<IngressResourceBackend> resource;
  bool operator==(const IngressBackend&) const = default;
};

enum class PathType { implementation_specific, exact, prefix };

struct IngressPath {
  std::string path;  // empty only for implementation_specific
  PathType path_type = PathType::implementation_specific;
  IngressBackend backend;
  bool operator==(const IngressPath&) const = default;
};

struct IngressRule {
  std::string host;  // empty: every host; "*.example.com" covers one label
  std::vector<IngressPath> paths;
  bool operator==(const IngressRule&) const = default;
};

struct IngressTls {
  std::vector<std::string> hosts;
  std::string secret_name;
  bool operator==(const IngressTls&) const = default;
};

// networking.k8s.io/v1 Ingress.
struct Ingress {
  ObjectMeta metadata;
  std::optional<std::string> ingress_class_name;
  base::Rare<IngressBackend> default_backend;
  std::vector<IngressRule> rules;
  std::vector<IngressTls> tls;
  std::vector<LoadBalancerAddress> load_balancer;  // status.loadBalancer.ingress

  static const ResourceType& type();
  static base::Result<Ingress> from_json(const nlohmann::json& object);
};

}  // namespace kube
