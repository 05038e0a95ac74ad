#pragma once

#include <cstdint>
#include <optional>

#include "operator/ingress/annotations/address_lists.h"
#include "operator/ingress/annotations/backend_protocol.h"
#include "operator/ingress/annotations/basic_auth.h"
#include "operator/ingress/annotations/client_certificates.h"
#include "operator/ingress/annotations/error_pages.h"
#include "operator/ingress/annotations/external_auth.h"
#include "operator/ingress/annotations/next_upstream.h"
#include "operator/ingress/annotations/proxy_body_size.h"
#include "operator/ingress/annotations/proxy_request_buffering.h"
#include "operator/ingress/annotations/proxy_timeouts.h"
#include "operator/ingress/annotations/redirect.h"
#include "operator/ingress/annotations/redirection.h"
#include "operator/ingress/annotations/rewrite.h"
#include "operator/ingress/annotations/service_upstream.h"
#include "operator/ingress/annotations/session_affinity.h"
#include "operator/ingress/annotations/source.h"
#include "operator/ingress/annotations/tls_policy.h"
#include "operator/ingress/annotations/upstream_hash.h"
#include "operator/ingress/annotations/upstream_vhost.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// Everything that the annotations of an Ingress say about its routes.
struct RoutePolicy {
  Redirect redirect;
  std::optional<proxy::config::TlsPolicy> tls;  // of its hosts; see read_tls_policy()
  std::uint64_t body_bytes_max = kBodyBytesMaxDefault;
  std::optional<bool> buffers_request;  // nothing: as the operator was told to
  routing::Timeouts timeouts;
  AddressLists addresses;
  std::optional<BasicAuth> basic_auth;                    // read_basic_auth()
  std::optional<ClientCertificates> client_certificates;  // read_client_certificates()
  // read_external_auth(); the compiler says who is asked.
  std::optional<proxy::config::ExternalAuth> external_auth;
  bool satisfies_any = false;
  std::optional<proxy::config::Limits> limits;  // the compiler says whose they are
  std::optional<int> limit_status;              // see read_limit_status()
  std::optional<proxy::config::Firewall> firewall;
  std::optional<proxy::config::Pace> pace;
  proxy::config::Tracing tracing = proxy::config::Tracing::off;
  Rewrite rewrite;
  Redirections redirections;
  std::optional<proxy::config::FixedAnswer> fixed_answer;  // before any redirect
  routing::BackendProtocol backend;
  proxy::config::Shape shape;
  std::optional<proxy::config::StickyCookie> sticky;  // see read_session_affinity()
  bool prefers_least_requests = false;
  std::vector<proxy::config::HashPart> hash_by;
  bool asks_the_service = false;  // see read_service_upstream()
  proxy::config::EndpointRules endpoint_rules;
  std::optional<proxy::config::NextUpstream> next_upstream;
  bool is_unlogged = false;  // see read_enable_access_log()
  bool passes_tls = false;   // see read_ssl_passthrough()
  ErrorPages error_pages;
  std::string upstream_vhost;  // with its variables: see vhost_of()
  // Of an addition to another Ingress's routes: it claims no path of its own.
  std::optional<proxy::config::Split> canary;
  Issues issues;
  // The class closes it, whatever its annotations say; a sentence. Empty: it does not.
  std::string refused_by_class{};

  // Something that guards is not honoured: nothing of this Ingress may reach a backend.
  bool is_refused() const;
};

// Whether ingress-nginx takes the paths of this Ingress's hosts for regular expressions: use-regex,
// or a rewrite-target.
bool makes_expressions(const AnnotationMap& annotations);

// Of an Ingress that says nothing itself.
struct Defaults {
  std::uint64_t body_bytes_max = kBodyBytesMaxDefault;
  routing::Timeouts timeouts{};
};

// All but basic_auth, client_certificates and external_auth, which depend on more of the Ingress.
RoutePolicy read_route_policy(const AnnotationMap& annotations, const Defaults& defaults = {});

}  // namespace ingress::annotations
