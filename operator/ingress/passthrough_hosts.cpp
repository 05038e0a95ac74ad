#include "operator/ingress/passthrough_hosts.h"

#include <algorithm>

#include "operator/ingress/annotations/canary.h"
#include "operator/ingress/annotations/other_hosts.h"
#include "operator/ingress/annotations/ssl_passthrough.h"
#include "operator/routing/host_name.h"

namespace ingress {

using routing::config_host;

PassthroughHosts::PassthroughHosts(
    const std::vector<std::shared_ptr<const kube::Ingress>>& ingresses, const HostOwners& owners) {
  const bool is_asked_for = std::any_of(ingresses.begin(), ingresses.end(), [](const auto& one) {
    return annotations::asks_for_passthrough(one->metadata.annotations);
  });
  if (!is_asked_for) return;
  for (const auto& ingress : ingresses) {
    const kube::ObjectMeta& metadata = ingress->metadata;
    if (annotations::is_canary(metadata.annotations)) continue;
    const Decision decision{metadata.key(),
                            annotations::asks_for_passthrough(metadata.annotations)};
    const auto decide = [&](const std::string& host) {
      if (host.empty() || !owners.admits(host, metadata.namespace_)) return;
      decisions_.try_emplace(host, decision);
    };
    for (const kube::IngressRule& rule : ingress->rules) {
      if (const auto host = config_host(rule.host)) decide(*host);
    }
    annotations::Issues unsaid;  // the compiler says them
    for (const std::string& alias : annotations::read_other_hosts(*ingress, unsaid).aliases) {
      decide(alias);
    }
  }
}

bool PassthroughHosts::has(const std::string& host) const {
  const auto found = decisions_.find(host);
  return found != decisions_.end() && found->second.passes;
}

const kube::ObjectKey* PassthroughHosts::decided_by(const std::string& host) const {
  const auto found = decisions_.find(host);
  return found == decisions_.end() ? nullptr : &found->second.by;
}

}  // namespace ingress
