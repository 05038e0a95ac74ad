#pragma once

#include "operator/ingress/annotations/header_fields.h"
#include "operator/ingress/annotations/route_policy.h"
#include "operator/routing/resources.h"
#include "proxy/config/model.h"

// What the Secrets and ConfigMaps say that annotations name. Where that leaves in doubt whom to
// keep out there is an issue that closes the Ingress.
namespace ingress {

// Who may come in with a password, by policy.basic_auth.
void find_users(const routing::Resources& resources, annotations::RoutePolicy& policy);

// Who stands for clients, by policy.client_certificates. Without any nobody could be told from
// anybody, so the Ingress is closed.
void find_authorities(const routing::Resources& resources, annotations::RoutePolicy& policy);

// Fields of responses. Those that cannot be known are left out.
void find_custom_headers(const annotations::NamedFields& custom,
                         const routing::Resources& resources, annotations::RoutePolicy& policy);

// What a question about requests says beside what each says.
void find_said_fields(const annotations::NamedFields& named, const routing::Resources& resources,
                      annotations::RoutePolicy& policy, proxy::config::ExternalAuth& settings);

}  // namespace ingress
