#include "kube/resources/lease.h"

#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "kube/json_reader.h"

namespace kube {

const ResourceType& Lease::type() {
  static const ResourceType type{"coordination.k8s.io", "v1", "Lease", "leases", true};
  return type;
}

base::Result<Lease> Lease::from_json(const nlohmann::json& object) {
  return read_object<Lease>(type(), object, [](const JsonReader& reader, Lease& lease) {
    const JsonReader written = reader.object("spec");
    lease.spec.holder_identity = written.text("holderIdentity");
    lease.spec.lease_duration =
        std::chrono::seconds(written.integer("leaseDurationSeconds", 0, 86400));
    lease.spec.acquire_time = written.time("acquireTime");
    lease.spec.renew_time = written.time("renewTime");
    lease.spec.lease_transitions =
        static_cast<int>(written.integer("leaseTransitions", 0, 1 << 30));
  });
}

nlohmann::json Lease::to_json() const {
  nlohmann::json object = {
      {"apiVersion", type().api_version()},
      {"kind", type().kind},
      {"metadata", {{"name", metadata.name}, {"namespace", metadata.namespace_}}},
      {"spec",
       {{"holderIdentity", spec.holder_identity},
        {"leaseDurationSeconds", spec.lease_duration.count()},
        {"leaseTransitions", spec.lease_transitions}}}};
  if (!metadata.resource_version.empty()) {
    object["metadata"]["resourceVersion"] = metadata.resource_version;
  }
  if (!metadata.labels.empty()) object["metadata"]["labels"] = metadata.labels;
  if (!metadata.annotations.empty()) object["metadata"]["annotations"] = metadata.annotations;
  if (spec.acquire_time)
    object["spec"]["acquireTime"] = base::to_rfc3339_micros(*spec.acquire_time);
  if (spec.renew_time) object["spec"]["renewTime"] = base::to_rfc3339_micros(*spec.renew_time);
  return object;
}

}  // namespace kube
