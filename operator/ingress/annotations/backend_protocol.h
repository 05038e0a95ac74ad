#pragma once

#include <optional>
#include <string>

#include "operator/ingress/annotations/source.h"
#include "operator/routing/backend.h"

namespace ingress::annotations {

// backend-protocol (HTTPS or GRPCS, HTTP or GRPC), proxy-ssl-* and proxy-protocol-to-backend.
//
// What cannot be read closes the door: plain HTTP to a backend that expects TLS would send secrets
// in the clear, and a certificate that is not looked at may be anybody's.
routing::BackendProtocol read_backend_protocol(const AnnotationMap& annotations, Issues& issues);

// The Secret that proxy-ssl-secret names, "name" or "namespace/name", in this namespace; nothing:
// none is named, or another namespace's, whose content is not for this one.
std::optional<std::string> backend_secret_of(const AnnotationMap& annotations,
                                             const std::string& namespace_);
// Likewise the ConfigMap of proxy-ssl-configmap.
std::optional<std::string> backend_config_map_of(const AnnotationMap& annotations,
                                                 const std::string& namespace_);

}  // namespace ingress::annotations
