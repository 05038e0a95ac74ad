#include "operator/ingress/annotations/upstream_vhost.h"

#include "operator/ingress/annotations/values.h"
#include "proxy/config/authority.h"

namespace ingress::annotations {
namespace {

void replace_all(std::string& text, std::string_view variable, std::string_view value) {
  for (std::size_t at = text.find(variable); at != std::string::npos;
       at = text.find(variable, at + value.size())) {
    text.replace(at, variable.size(), value);
  }
}

}  // namespace

std::string vhost_of(std::string_view written, const VhostBackend& backend) {
  std::string host(written);
  if (host.find('$') == std::string::npos) return host;
  replace_all(host, "$service_name", backend.service);
  replace_all(host, "$service_port", std::to_string(backend.port));
  replace_all(host, "$namespace", backend.namespace_);
  // Only names of 63 bytes each, more than once, are too long.
  return proxy::config::is_authority(host) ? host : "";
}

std::string read_upstream_vhost(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "upstream-vhost");
  if (!found) return {};
  std::string written(trimmed(found->value));
  if (written.size() <= proxy::config::kAuthorityBytesMax &&
      proxy::config::is_authority(
          vhost_of(written, {.namespace_ = "a", .service = "a", .port = 1}))) {
    return written;
  }
  issues.push_back(
      bad_value(*found,
                "a host, perhaps with a port, in which $service_name, $service_port and "
                "$namespace are the only variables",
                Issue::Effect::tunes));
  return {};
}

}  // namespace ingress::annotations
