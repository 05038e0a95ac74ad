#include "operator/ingress/ingress_intents.h"

#include <algorithm>
#include <set>
#include <utility>

#include "operator/ingress/annotations/issuer.h"
#include "operator/ingress/backends.h"
#include "operator/ingress/class_parameters.h"
#include "operator/ingress/guards.h"
#include "operator/ingress/route_path.h"
#include "operator/routing/complaint.h"
#include "operator/routing/host_name.h"

namespace ingress {

using annotations::RoutePolicy;
using proxy::config::FixedAnswer;
using routing::CertificateIntent;
using routing::Claimant;
using routing::config_host;
using routing::HostIntent;
using routing::Intent;
using routing::PlainHttp;
using routing::Rank;
using routing::SplitIntent;

namespace {

PlainHttp plain_http_of(const RoutePolicy& policy) {
  const annotations::Redirect& said = policy.redirect;
  return {
      .where_certificate = said.where_certificate, .always = said.always, .refuses = said.refuses};
}

// Whom the class names who answers what no path matches.
std::optional<routing::FallbackIntent> fallback_of(const ClassParameters& of_class) {
  const auto* const named = of_class.default_backend();
  if (named == nullptr) return std::nullopt;
  const annotations::Defaults defaults = of_class.defaults();
  return routing::FallbackIntent{
      .namespace_ = named->service.namespace_,
      .backend = {.name = named->service.name, .port_number = named->port},
      .timeouts = defaults.timeouts,
      .body_bytes_max = defaults.body_bytes_max};
}

// As its Ingress has it, for all of its backends.
routing::EndpointChoice choice_of(const RoutePolicy& policy) {
  return {.is_sticky = policy.sticky.has_value(),
          .prefers_least_requests = policy.prefers_least_requests,
          .hash_by = policy.hash_by,
          .asks_the_service = policy.asks_the_service,
          .rules = policy.endpoint_rules};
}

FixedAnswer redirected(const proxy::config::Redirection& redirect) {
  return FixedAnswer{503, "redirect", redirect};
}

}  // namespace

Intent IngressIntents::intent_of(const Scope& scope, const annotations::OtherHosts& others) {
  const kube::Ingress& ingress = scope.ingress;
  const RoutePolicy& policy = scope.policy;
  Intent intent{.rank = scope.rank};
  intent.is_refused = policy.is_refused();
  if (policy.fixed_answer) {
    intent.answer = *policy.fixed_answer;
  } else if (policy.redirections.of_all) {
    intent.answer = redirected(*policy.redirections.of_all);
  }
  intent.timeouts = policy.timeouts;
  intent.protocol = policy.backend;
  intent.choice = choice_of(policy);
  intent.has_pages = scope.pages && scope.pages->without_endpoints;
  intent.guards = scope.guards;
  intent.plain_http = plain_http_of(policy);
  intent.tls_policy = policy.tls;
  intent.passes_tls = policy.passes_tls;
  if (policy.client_certificates) intent.client_certificates = policy.client_certificates->asked;
  intent.fallback = fallback_of(scope.of_class);
  add_hosts(scope, others, intent);
  // What is wrong with the annotation is said where Certificates are planned.
  annotations::Issues unsaid;
  const bool orders =
      annotations::read_issuer(ingress.metadata.annotations, default_issuer_, unsaid).has_value();
  for (const kube::IngressTls& tls : ingress.tls) add_tls(scope, tls, orders, intent);
  return intent;
}

void IngressIntents::add_hosts(const Scope& scope, const annotations::OtherHosts& others,
                               Intent& intent) {
  const kube::Ingress& ingress = scope.ingress;
  intent.hosts.reserve(ingress.rules.size() + others.aliases.size() + others.redirected.size());
  if (ingress.rules.empty() && ingress.default_backend) {
    intent.hosts.push_back({.host = "", .rest = rest_of(scope), .is_rule = false});
  }
  for (const kube::IngressRule& rule : ingress.rules) {
    if (auto host = config_host(rule.host)) {
      intent.hosts.push_back(host_of(scope, std::move(*host), rule));
    } else {
      complain_of_host(scope.rank.claimant, rule.host);
    }
  }
  for (const std::string& alias : others.aliases) {
    intent.hosts.push_back(host_of(scope, alias, ingress.rules.front()));
  }
  if (intent.is_refused) return;  // there is nothing to come to
  // The whole host, but for what Ingresses have rules for.
  for (const auto& [from, to] : others.redirected) {
    routing::RestIntent rest;
    rest.policies = policies_.of_all(scope);
    rest.answer = redirected({308, "$scheme://" + to + "$request_uri"});
    intent.hosts.push_back({.host = from, .rest = std::move(rest), .is_rule = false});
  }
}

HostIntent IngressIntents::host_of(const Scope& scope, std::string name,
                                   const kube::IngressRule& rule) const {
  HostIntent host{.host = std::move(name)};
  // ingress-nginx looks for it before all paths of the host, which an Exact one is here.
  const auto& root = scope.policy.redirections.of_root;
  if (root && !scope.policy.is_refused()) {
    host.root = routing::RootIntent{redirected(*root), policies_.of_all(scope)};
  }
  host.paths.reserve(rule.paths.size());
  for (const kube::IngressPath& path : rule.paths) {
    host.paths.push_back(paths_.path_of(scope, host.host, path));
  }
  if (scope.ingress.default_backend) host.rest = rest_of(scope);
  return host;
}

routing::RestIntent IngressIntents::rest_of(const Scope& scope) const {
  routing::RestIntent rest;
  rest.backend = backend_intent_of(*scope.ingress.default_backend);
  rest.policies = policies_.of_default_backend(scope);
  return rest;
}

void IngressIntents::add_tls(const Scope& scope, const kube::IngressTls& tls, bool orders,
                             Intent& intent) {
  const kube::Ingress& ingress = scope.ingress;
  if (tls.secret_name.empty() && needs_none(tls)) return;
  if (tls.secret_name.empty()) {
    without_secret_.push_back(scope.rank.claimant);
    return;
  }
  CertificateIntent certificate{tls.secret_name, {}, orders && !tls.hosts.empty()};
  std::set<std::string>& names = certificate.names;
  if (tls.hosts.empty()) {
    // "Defaults to the wildcard host setting for the loadbalancer": all hosts of the rules.
    for (const kube::IngressRule& rule : ingress.rules) {
      if (auto host = config_host(rule.host)) names.insert(std::move(*host));
    }
    if (ingress.rules.empty()) names.insert("");
  }
  for (const std::string& written : tls.hosts) {
    auto host = config_host(written);
    if (host && !host->empty()) {
      names.insert(std::move(*host));
    } else {
      complain(scope.rank.claimant, "HostInvalid",
               "The host \"" + written + "\" under tls is no DNS name.");
    }
  }
  intent.certificates.push_back(std::move(certificate));
}

// TLS of all its hosts ends at backends.
bool IngressIntents::needs_none(const kube::IngressTls& tls) const {
  return !tls.hosts.empty() &&
         std::all_of(tls.hosts.begin(), tls.hosts.end(), [&](const std::string& written) {
           const auto host = config_host(written);
           return host && compiler_.arbitration().passthrough().has(*host);
         });
}

SplitIntent IngressIntents::split_of(const kube::Ingress& ingress, const Rank& rank,
                                     const RoutePolicy& policy,
                                     const std::optional<RoutePolicy>& beside_class) {
  SplitIntent split{.rank = rank, .split = *policy.canary};
  split.timeouts = policy.timeouts;
  split.protocol = policy.backend;
  split.choice = choice_of(policy);
  if (!policy.is_refused()) split.guards = guards_of(policy);
  if (beside_class) {
    split.guards_alone = guards_of(*beside_class);
    split.asks_whom_the_place_asks = !policy.external_auth;
    if (policy.external_auth && split.guards_alone->external_auth) {
      split.guards_alone->external_auth->cluster = policy.external_auth->cluster;
    }
  }
  if (ingress.rules.empty() && ingress.default_backend) {
    split.places.push_back({"",
                            {.is_default = true},
                            backend_intent_of(*ingress.default_backend),
                            "the default backend"});
  }
  for (const kube::IngressRule& rule : ingress.rules) {
    const auto host = config_host(rule.host);
    if (!host) {
      complain_of_host(rank.claimant, rule.host);
      continue;
    }
    for (const kube::IngressPath& path : rule.paths) {
      const std::string text = path.path.empty() ? "/" : path.path;
      routing::HostTable::Sought sought;
      if (auto plain = route_path(without_star(text, path.path_type))) {
        sought.route.emplace();
        sought.route->match = match_of(path.path_type);
        sought.route->path = std::move(*plain);
      }
      sought.expression = route_expression(text, path.path_type);
      split.places.push_back(
          {*host, std::move(sought), backend_intent_of(path.backend), "the path " + text});
    }
  }
  return split;
}

void IngressIntents::complain_of_host(const Claimant& claimant, const std::string& written) {
  complain(claimant, "HostInvalid",
           "The host \"" + written +
               "\" is neither a DNS name nor a wildcard of one label (\"*.example.com\"), so "
               "its rules are left out.");
}

void IngressIntents::complain(const Claimant& claimant, std::string reason, std::string message) {
  compiler_.complain({claimant, routing::Severity::warning, std::move(reason), std::move(message)});
}

}  // namespace ingress
