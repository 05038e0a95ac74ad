#pragma once

#include <string>
#include <string_view>

#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

// What "$service_name", "$service_port" and "$namespace" stand for: what is known of each backend
// before a request comes.
struct VhostBackend {
  std::string_view namespace_;
  std::string_view service;
  int port = 0;  // of the Service
};

// upstream-vhost, with its variables. Empty: nothing is asked for.
std::string read_upstream_vhost(const AnnotationMap& annotations, Issues& issues);

// The field Host for a backend.
std::string vhost_of(std::string_view written, const VhostBackend& backend);

}  // namespace ingress::annotations
