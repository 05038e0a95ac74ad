#pragma once

#include <optional>
#include <set>
#include <string>

#include "operator/api/certificate.h"
#include "operator/ingress/class_ownership.h"
#include "operator/routing/admission.h"

namespace ingress {

// What a release of the operator was told, and no object of the cluster says. Whoever compiles goes
// by one of these, handed on whole.
struct ReleaseSettings {
  std::string controller = kControllerName;
  std::set<std::string> class_names = {"gatehouse"};  // that it serves
  std::optional<api::IssuerRef> default_issuer;  // of Ingresses that say kubernetes.io/tls-acme
  bool buffers_requests = false;  // of Ingresses that say nothing of proxy-request-buffering
  bool shares_hosts = false;      // of one host several namespaces may have a say
  routing::LoadBounds bounds;     // of what finds room in the configuration
};

}  // namespace ingress
