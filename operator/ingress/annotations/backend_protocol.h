#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// How backends are spoken to: backend-protocol, proxy-ssl-* and proxy-protocol-to-backend.
struct BackendProtocol {
  // backend-protocol: HTTPS or GRPCS, HTTP or GRPC; nothing: as the Service's port says
  // (appProtocol).
  std::optional<bool> tls{};
  bool http2 = false;              // GRPC or GRPCS
  std::string secret{};            // proxy-ssl-secret, "name" or "namespace/name"; empty: none
  std::string config_map{};        // proxy-ssl-configmap, likewise
  bool verify = false;             // proxy-ssl-verify, or a ConfigMap to do it by
  std::string name{};              // proxy-ssl-name; empty: the Service's own
  bool sends_name = false;         // proxy-ssl-server-name
  std::uint64_t verify_depth = 1;  // proxy-ssl-verify-depth
  bool tls13_only = false;         // proxy-ssl-protocols
  // proxy-protocol-to-backend: connections begin with a header that names the client.
  proxy::config::ProxyProtocol proxy_protocol = proxy::config::ProxyProtocol::none;
  bool operator==(const BackendProtocol&) const = default;

  // Something that plain HTTP could not keep.
  bool needs_tls() const { return verify || !secret.empty() || !config_map.empty() || tls13_only; }
};

// What cannot be read closes the door: plain HTTP to a backend that expects TLS would send secrets
// in the clear, and a certificate that is not looked at may be anybody's.
BackendProtocol read_backend_protocol(const AnnotationMap& annotations, Issues& issues);

// The Secret that proxy-ssl-secret names, "name" or "namespace/name", in this namespace; nothing:
// none is named, or another namespace's, whose content is not for this one.
std::optional<std::string> backend_secret_of(const AnnotationMap& annotations,
                                             const std::string& namespace_);
// Likewise the ConfigMap of proxy-ssl-configmap.
std::optional<std::string> backend_config_map_of(const AnnotationMap& annotations,
                                                 const std::string& namespace_);
std::optional<std::string> secret_in(const std::string& namespace_, std::string_view written);

}  // namespace ingress::annotations
