#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kube/resources/ingress.h"
#include "operator/api/certificate.h"
#include "operator/ingress/annotations/other_hosts.h"
#include "operator/ingress/annotations/route_policy.h"
#include "operator/ingress/known_hosts.h"
#include "operator/ingress/path_intents.h"
#include "operator/ingress/policies_of_routes.h"
#include "operator/routing/claimant.h"
#include "operator/routing/intent.h"
#include "operator/routing/intent_compiler.h"
#include "operator/routing/rank.h"

namespace ingress {

// What Ingresses ask for, as intents. Parts of one that mean nothing are left out, and it is told.
class IngressIntents {
 public:
  // Of one compilation, and must outlive it; hosts: all that there are, once it is asked.
  // default_issuer: see ReleaseSettings.
  IngressIntents(const std::optional<api::IssuerRef>& default_issuer,
                 const PoliciesOfRoutes& policies, const KnownHosts& hosts,
                 routing::IntentCompiler& compiler)
      : default_issuer_(default_issuer),
        policies_(policies),
        paths_(hosts, policies),
        compiler_(compiler) {}

  // Of one that is no canary.
  routing::Intent intent_of(const Scope& scope, const annotations::OtherHosts& others);

  // Of a canary. beside_class: see policy_beside_class().
  routing::SplitIntent split_of(const kube::Ingress& ingress, const routing::Rank& rank,
                                const annotations::RoutePolicy& policy,
                                const std::optional<annotations::RoutePolicy>& beside_class);

  // Who has a tls entry that names no Secret: once for each entry.
  const std::vector<routing::Claimant>& without_secret() const { return without_secret_; }

 private:
  void add_hosts(const Scope& scope, const annotations::OtherHosts& others,
                 routing::Intent& intent);
  routing::HostIntent host_of(const Scope& scope, std::string name,
                              const kube::IngressRule& rule) const;
  routing::RestIntent rest_of(const Scope& scope) const;
  void add_tls(const Scope& scope, const kube::IngressTls& tls, bool orders,
               routing::Intent& intent);
  bool needs_none(const kube::IngressTls& tls) const;
  void complain(const routing::Claimant& claimant, std::string reason, std::string message);
  void complain_of_host(const routing::Claimant& claimant, const std::string& written);

  const std::optional<api::IssuerRef>& default_issuer_;
  const PoliciesOfRoutes& policies_;
  const PathIntents paths_;
  routing::IntentCompiler& compiler_;
  std::vector<routing::Claimant> without_secret_;
};

}  // namespace ingress
