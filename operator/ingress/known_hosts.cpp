#include "operator/ingress/known_hosts.h"

#include "operator/ingress/annotations/route_policy.h"
#include "operator/routing/host_name.h"

namespace ingress {

using routing::config_host;
using routing::covering_wildcard;

void KnownHosts::note(const Reading& reading, const routing::HostOwners& owners) {
  const kube::ObjectMeta& metadata = reading.ingress->metadata;
  const bool makes_expressions = annotations::makes_expressions(metadata.annotations);
  for (const kube::IngressRule& rule : reading.ingress->rules) {
    auto host = config_host(rule.host);
    if (!host || !owners.admits(*host, metadata.namespace_)) continue;
    if (makes_expressions) with_expressions_.insert(*host);
    served_.insert(std::move(*host));
  }
  for (const std::string& alias : reading.others.aliases) {
    if (owners.admits(alias, metadata.namespace_)) served_.insert(alias);
  }
}

bool KnownHosts::is_served(const std::string& host) const {
  const std::string wildcard = covering_wildcard(host);
  return served_elsewhere_.count(host) != 0 || served_.count(host) != 0 ||
         (!wildcard.empty() && served_.count(wildcard) != 0);
}

}  // namespace ingress
