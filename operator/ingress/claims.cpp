#include "operator/ingress/claims.h"

#include <algorithm>
#include <string>
#include <utility>

#include "operator/ingress/annotations/canary.h"
#include "operator/ingress/annotations/ssl_passthrough.h"
#include "operator/routing/host_name.h"

namespace ingress {

using routing::config_host;
using routing::HostClaims;
using routing::HostOwners;
using routing::PassthroughHosts;

std::optional<HostClaims> host_claims_of(const OwnedIngress& owned,
                                         const annotations::OtherHosts& others) {
  const kube::Ingress& ingress = *owned.ingress;
  const annotations::AnnotationMap& said = ingress.metadata.annotations;
  if (annotations::is_canary(said)) return std::nullopt;
  HostClaims claims{owned.rank.claimant, {}, {}, annotations::asks_for_passthrough(said)};
  if (ingress.rules.empty() && ingress.default_backend) claims.hosts.emplace_back();
  for (const kube::IngressRule& rule : ingress.rules) {
    if (auto host = config_host(rule.host)) claims.hosts.push_back(std::move(*host));
  }
  claims.hosts.insert(claims.hosts.end(), others.aliases.begin(), others.aliases.end());
  for (const auto& [from, to] : others.redirected) claims.redirected.push_back(from);
  return claims;
}

std::vector<HostClaims> host_claims_of(const std::vector<OwnedIngress>& all) {
  std::vector<HostClaims> claims;
  claims.reserve(all.size());
  for (const OwnedIngress& owned : all) {
    annotations::Issues unsaid;  // the compiler says them
    auto asked = host_claims_of(owned, annotations::read_other_hosts(*owned.ingress, unsaid));
    if (asked) claims.push_back(std::move(*asked));
  }
  return claims;
}

PassthroughHosts passthrough_of(const std::vector<OwnedIngress>& all, const HostOwners& owners) {
  const bool is_asked_for = std::any_of(all.begin(), all.end(), [](const OwnedIngress& owned) {
    return annotations::asks_for_passthrough(owned.ingress->metadata.annotations);
  });
  return PassthroughHosts(is_asked_for ? host_claims_of(all) : std::vector<HostClaims>(), owners);
}

}  // namespace ingress
