#pragma once

#include <optional>

#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// Whether requests are compared with the core rule set: enable-modsecurity, enable-owasp-core-rules
// or firewall-mode ask for that, and firewall-* say how; firewall-response-body-access asks for the
// same with responses. Nothing: no firewall.
//
// They guard: what cannot be read closes the Ingress, and so does a firewall-* key where none of
// the others asks for what it is about. It differs from ingress-nginx in what is safer: a firewall
// blocks unless it is told to detect, and it has the core rule set unless it is told not to.
std::optional<proxy::config::Firewall> read_firewall(const AnnotationMap& annotations,
                                                     Issues& issues);

}  // namespace ingress::annotations
