#include "operator/ingress/claims.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "operator/ingress/annotations/canary.h"
#include "operator/ingress/annotations/other_hosts.h"
#include "operator/ingress/annotations/ssl_passthrough.h"
#include "operator/routing/host_name.h"

namespace ingress {
namespace {

using routing::config_host;
using routing::HostClaims;
using routing::TlsEndClaims;

}  // namespace

routing::Claimant claimant_of(const kube::Ingress& ingress) {
  const kube::ObjectMeta& metadata = ingress.metadata;
  return {kube::Ingress::type().kind, metadata.key(), metadata.uid, metadata.creation_timestamp};
}

std::vector<HostClaims> host_claims_of(const Ingresses& ingresses) {
  std::vector<HostClaims> all;
  all.reserve(ingresses.size());
  for (const auto& ingress : ingresses) {
    if (annotations::is_canary(ingress->metadata.annotations)) continue;
    std::vector<std::string> hosts;
    if (ingress->rules.empty() && ingress->default_backend) hosts.emplace_back();
    for (const kube::IngressRule& rule : ingress->rules) {
      if (auto host = config_host(rule.host)) hosts.push_back(std::move(*host));
    }
    annotations::Issues unsaid;  // the compiler says them
    annotations::OtherHosts others = annotations::read_other_hosts(*ingress, unsaid);
    for (std::string& alias : others.aliases) hosts.push_back(std::move(alias));
    for (const auto& [from, to] : others.redirected) hosts.push_back(from);
    all.push_back({claimant_of(*ingress), std::move(hosts)});
  }
  return all;
}

std::vector<TlsEndClaims> tls_end_claims_of(const Ingresses& ingresses) {
  const bool is_asked_for = std::any_of(ingresses.begin(), ingresses.end(), [](const auto& one) {
    return annotations::asks_for_passthrough(one->metadata.annotations);
  });
  std::vector<TlsEndClaims> all;
  if (!is_asked_for) return all;
  all.reserve(ingresses.size());
  for (const auto& ingress : ingresses) {
    const auto& said = ingress->metadata.annotations;
    if (annotations::is_canary(said)) continue;
    std::vector<std::string> hosts;
    for (const kube::IngressRule& rule : ingress->rules) {
      if (auto host = config_host(rule.host)) hosts.push_back(std::move(*host));
    }
    annotations::Issues unsaid;  // the compiler says them
    annotations::OtherHosts others = annotations::read_other_hosts(*ingress, unsaid);
    for (std::string& alias : others.aliases) hosts.push_back(std::move(alias));
    all.push_back(
        {claimant_of(*ingress), annotations::asks_for_passthrough(said), std::move(hosts)});
  }
  return all;
}

}  // namespace ingress
