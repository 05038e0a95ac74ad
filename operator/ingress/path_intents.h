#pragma once

#include <optional>
#include <string>

#include "kube/resources/ingress.h"
#include "operator/ingress/known_hosts.h"
#include "operator/ingress/policies_of_routes.h"
#include "operator/routing/intent.h"
#include "proxy/config/model.h"

namespace ingress {

inline proxy::config::PathMatch match_of(kube::PathType type) {
  return type == kube::PathType::exact ? proxy::config::PathMatch::exact
                                       : proxy::config::PathMatch::prefix;
}

// What paths of Ingresses may be: plain ones, regular expressions, or both where a guard takes the
// most generous reading.
class PathIntents {
 public:
  // Of one compilation; both must outlive it.
  PathIntents(const KnownHosts& hosts, const PoliciesOfRoutes& policies)
      : hosts_(hosts), policies_(policies) {}

  // host: of its rule, in ProxyConfig's spelling.
  routing::PathIntent path_of(const Scope& scope, const std::string& host,
                              const kube::IngressPath& written) const;

 private:
  std::optional<std::string> asked_expression(const Scope& scope, const std::string& host,
                                              const std::string& text, kube::PathType type) const;
  std::optional<std::string> guarded_expression(const Scope& scope, const std::string& host,
                                                const std::string& text, kube::PathType type) const;

  const KnownHosts& hosts_;
  const PoliciesOfRoutes& policies_;
};

}  // namespace ingress
