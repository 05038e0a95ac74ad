#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kube/object.h"

namespace kube {

// Conditions are optional in the API: absent ready and serving mean yes to a consumer, absent
// terminating means no.
struct Endpoint {
  std::vector<std::string> addresses;
  std::optional<bool> ready;
  std::optional<bool> serving;
  std::optional<bool> terminating;
  std::size_t target = 0;  // target_of() of targetRef.name, usually a Pod's; 0: it is not said
  std::vector<std::string> hint_zones{};  // hints.forZones: who is to ask it
  bool operator==(const Endpoint&) const = default;

  // Tells endpoints of one Pod from those of another, in the room of a number.
  static std::size_t target_of(const std::string& name);
  bool is_ready() const { return ready.value_or(true); }
  bool is_serving() const { return serving.value_or(is_ready()); }
  bool is_terminating() const { return terminating.value_or(false); }
};

struct EndpointPort {
  std::string name;
  std::int32_t port = 0;  // 0: absent, which means every port
  std::string protocol = "TCP";
  std::string app_protocol;
  bool operator==(const EndpointPort&) const = default;
};

// discovery.k8s.io/v1 EndpointSlice.
struct EndpointSlice {
  ObjectMeta metadata;
  std::string address_type;  // IPv4 | IPv6 | FQDN
  std::vector<Endpoint> endpoints;
  std::vector<EndpointPort> ports;

  // The Service that it belongs to (label kubernetes.io/service-name); the name is empty when none.
  ObjectKey service() const;

  static const ResourceType& type();
  static base::Result<EndpointSlice> from_json(const nlohmann::json& object);
};

}  // namespace kube
