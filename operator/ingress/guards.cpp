#include "operator/ingress/guards.h"

namespace ingress {

proxy::config::Guards guards_of(const annotations::RoutePolicy& policy) {
  proxy::config::Guards guards;
  guards.denied = policy.addresses.denied;
  guards.allowed = policy.addresses.allowed;
  if (policy.basic_auth) {
    guards.basic_auth =
        proxy::config::BasicAuth{policy.basic_auth->realm, policy.basic_auth->users};
  }
  guards.external_auth = policy.external_auth;
  guards.satisfy_any = policy.satisfies_any && (guards.basic_auth || guards.external_auth);
  guards.limits = policy.limits;
  guards.firewall = policy.firewall;
  if (policy.client_certificates) guards.client_certificates = policy.client_certificates->asked;
  return guards;
}

}  // namespace ingress
