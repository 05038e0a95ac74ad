#include "kube/resources/service.h"

#include <nlohmann/json.hpp>

#include "kube/json_reader.h"
#include "kube/resources/load_balancer_reader.h"

namespace kube {

namespace {

ServicePort read_port(const JsonReader& port) {
  ServicePort read;
  read.name = port.text("name");
  read.port = static_cast<std::int32_t>(port.integer("port", 0, 65535));
  read.target_port = port.integer_or_text("targetPort");
  read.protocol = port.optional_text("protocol").value_or("TCP");
  read.app_protocol = port.text("appProtocol");
  return read;
}

}  // namespace

const ResourceType& Service::type() {
  static const ResourceType type{"", "v1", "Service", "services", true};
  return type;
}

base::Result<Service> Service::from_json(const nlohmann::json& object) {
  return read_object<Service>(type(), object, [](const JsonReader& reader, Service& service) {
    // Nobody reads these of a Service, and there are thousands.
    service.metadata.labels.clear();
    service.metadata.annotations.clear();
    const JsonReader spec = reader.object("spec");
    service.type_name = spec.optional_text("type").value_or("ClusterIP");
    spec.each("ports", [&](const JsonReader& port) { service.ports.push_back(read_port(port)); });
    service.ports.shrink_to_fit();
    service.cluster_ip = spec.text("clusterIP");
    service.external_name = spec.text("externalName");
    service.external_ips = spec.texts("externalIPs");
    service.publish_not_ready_addresses = spec.flag("publishNotReadyAddresses");
    service.session_affinity = spec.optional_text("sessionAffinity").value_or("None");
    const auto client_ip = spec.object("sessionAffinityConfig").object("clientIP");
    // The API server writes the default where nobody says another one.
    if (client_ip.has("timeoutSeconds")) {
      service.session_affinity_seconds = client_ip.integer("timeoutSeconds", 1, 86'400);
    }
    service.load_balancer = read_load_balancer(reader);
  });
}

}  // namespace kube
