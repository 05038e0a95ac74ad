#include "kube/resources/endpoint_slice.h"

#include <algorithm>
#include <functional>

#include <nlohmann/json.hpp>

#include "kube/json_reader.h"

namespace kube {

namespace {

constexpr const char* kServiceLabel = "kubernetes.io/service-name";

// There are tens of thousands of them in a large cluster.
void keep_what_is_read(ObjectMeta& metadata) {
  metadata.labels.erase_if([](const auto& label) { return label.first != kServiceLabel; });
  metadata.annotations.clear();
  metadata.owner_references = {};
}

Endpoint read_endpoint(const JsonReader& endpoint) {
  const JsonReader conditions = endpoint.object("conditions");
  Endpoint read;
  read.addresses = endpoint.texts("addresses");
  read.ready = conditions.optional_flag("ready");
  read.serving = conditions.optional_flag("serving");
  read.terminating = conditions.optional_flag("terminating");
  read.target = Endpoint::target_of(endpoint.object("targetRef").text("name"));
  endpoint.object("hints").each(
      "forZones", [&](const JsonReader& zone) { read.hint_zones.push_back(zone.text("name")); });
  return read;
}

EndpointPort read_port(const JsonReader& port) {
  EndpointPort read;
  read.name = port.text("name");
  read.port = static_cast<std::int32_t>(port.integer("port", 0, 65535));
  read.protocol = port.optional_text("protocol").value_or("TCP");
  read.app_protocol = port.text("appProtocol");
  return read;
}

}  // namespace

std::size_t Endpoint::target_of(const std::string& name) {
  if (name.empty()) return 0;
  return std::max<std::size_t>(std::hash<std::string>()(name), 1);
}

ObjectKey EndpointSlice::service() const {
  const auto label = metadata.labels.find(kServiceLabel);
  return {metadata.namespace_, label == metadata.labels.end() ? std::string() : label->second};
}

const ResourceType& EndpointSlice::type() {
  static const ResourceType type{"discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true};
  return type;
}

base::Result<EndpointSlice> EndpointSlice::from_json(const nlohmann::json& object) {
  return read_object<EndpointSlice>(
      type(), object, [](const JsonReader& reader, EndpointSlice& slice) {
        keep_what_is_read(slice.metadata);
        slice.address_type = reader.text("addressType");
        reader.each("endpoints", [&](const JsonReader& endpoint) {
          slice.endpoints.push_back(read_endpoint(endpoint));
        });
        reader.each("ports",
                    [&](const JsonReader& port) { slice.ports.push_back(read_port(port)); });
        slice.endpoints.shrink_to_fit();
        slice.ports.shrink_to_fit();
      });
}

}  // namespace kube
