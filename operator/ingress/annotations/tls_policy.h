#pragma once

#include <optional>
#include <string_view>

#include "operator/ingress/annotations/source.h"
#include "proxy/config/tls_policy.h"

namespace ingress::annotations {

// "modern", "intermediate" or "old", whatever their case; nothing: it is none of them.
std::optional<proxy::config::TlsPolicy> tls_policy_named(std::string_view name);

// tls-policy: what TLS the hosts of the Ingress speak. Nothing: it does not say.
std::optional<proxy::config::TlsPolicy> read_tls_policy(const AnnotationMap& annotations,
                                                        Issues& issues);

}  // namespace ingress::annotations
