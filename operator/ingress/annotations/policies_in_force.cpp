#include "operator/ingress/annotations/policies_in_force.h"

#include "operator/ingress/annotations/external_auth.h"
#include "operator/ingress/annotations/header_fields.h"
#include "operator/ingress/annotations/mirror.h"
#include "operator/ingress/annotations/route_policy.h"

namespace ingress::annotations {

std::vector<std::string> policies_in_force(const kube::Ingress& ingress,
                                           const ClassParameters& of_class) {
  Issues said_elsewhere;
  const Defaults defaults = of_class.defaults();
  RoutePolicy policy = read_route_policy(ingress.metadata.annotations, defaults);
  of_class.apply("", ingress.metadata.annotations, policy);
  const auto& shape = policy.shape;
  const bool has_addresses = !policy.addresses.allowed.empty() || !policy.addresses.denied.empty();
  const bool sets_fields = !shape.request_fields.empty() || !shape.response_fields.empty();
  const bool replaces =
      !shape.cookie_domains.empty() || !shape.cookie_paths.empty() || !shape.locations.empty();
  const bool has_pages =
      !policy.error_pages.statuses.empty() || !policy.error_pages.service.empty();
  const bool redirects = policy.redirections.of_all || policy.redirections.of_root;
  const std::pair<bool, const char*> all[] = {
      {policy.redirect.always, "a redirect to https for every host"},
      {policy.redirect.where_certificate == false, "no redirect to https"},
      {policy.redirect.refuses, "plain HTTP refused"},
      {policy.tls == proxy::config::TlsPolicy::modern, "TLS 1.3 alone"},
      {policy.tls == proxy::config::TlsPolicy::old, "ciphers for old clients"},
      {policy.passes_tls, "TLS that passes to the backend"},
      {read_client_certificates(ingress, said_elsewhere).has_value(), "certificates of clients"},
      {has_addresses, "an address list"},
      {policy.limits.has_value(), "limits"},
      {read_basic_auth(ingress, said_elsewhere).has_value(), "passwords"},
      {read_external_auth(ingress, said_elsewhere).has_value(), "another service that is asked"},
      {policy.firewall && policy.firewall->mode == proxy::config::FirewallMode::block,
       "a firewall that blocks"},
      {policy.firewall && policy.firewall->mode == proxy::config::FirewallMode::detect,
       "a firewall that only detects"},
      {policy.satisfies_any, "address or password as one chooses"},
      {shape.cors.has_value(), "CORS"},
      {!shape.transport_security.empty(), "HSTS"},
      {redirects, "redirects"},
      {policy.fixed_answer.has_value(), "a fixed answer"},
      {policy.body_bytes_max != defaults.body_bytes_max, "a body size of its own"},
      {policy.rewrite.uses_expressions, "regular expressions"},
      {!policy.rewrite.target.empty(), "rewritten paths"},
      {sets_fields, "header fields"},
      {!(policy.timeouts == defaults.timeouts), "timeouts of its own"},
      {policy.canary.has_value(), "a canary's share of another Ingress's requests"},
      {policy.sticky.has_value(), "affinity by cookie"},
      {!policy.hash_by.empty(), "endpoints chosen by a hash"},
      {policy.endpoint_rules != proxy::config::EndpointRules{}, "rules for its endpoints"},
      {policy.backend.tls == true, "TLS to the backend"},
      {policy.backend.http2, "HTTP/2 to the backend"},
      {!policy.upstream_vhost.empty(), "another host for the backend"},
      {replaces, "replaced cookies or locations"},
      {has_pages, "pages for errors"},
      {policy.pace.has_value(), "a rate of responses"},
      {policy.tracing != proxy::config::Tracing::off, "traces for the backend"},
      {read_custom_headers(ingress, said_elsewhere).has_value(), "header fields of a ConfigMap"},
      {read_mirror(ingress, said_elsewhere).has_value(), "copies for a mirror"},
      {policy.is_unlogged, "no lines in the access log"},
  };
  std::vector<std::string> words;
  for (const auto& [is_in_force, word] : all) {
    if (is_in_force) words.emplace_back(word);
  }
  return words;
}

}  // namespace ingress::annotations
