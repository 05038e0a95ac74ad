#include "operator/routing/canary_guards.h"

#include <algorithm>

namespace routing {
namespace {

using proxy::config::Guards;

template <class Guard>
bool is_kept(const Guard& said, const Guard& standing) {
  return said == Guard{} || said == standing;
}

bool have_ways_in(const Guards& guards) {
  return !guards.allowed.empty() || guards.basic_auth || guards.external_auth;
}

// Where one of several is enough, one that a canary leaves out would let in whom it means to keep
// out.
bool are_ways_in_kept(const Guards& said, const Guards& standing) {
  if (!have_ways_in(said)) return true;
  if (standing.satisfy_any) {
    return said.satisfy_any && said.allowed == standing.allowed &&
           said.basic_auth == standing.basic_auth && said.external_auth == standing.external_auth;
  }
  return is_kept(said.allowed, standing.allowed) && is_kept(said.basic_auth, standing.basic_auth) &&
         is_kept(said.external_auth, standing.external_auth);
}

}  // namespace

bool are_kept(const Guards& said, const Guards& standing) {
  return !said.closed &&
         std::includes(standing.denied.begin(), standing.denied.end(), said.denied.begin(),
                       said.denied.end()) &&
         are_ways_in_kept(said, standing) && is_kept(said.limits, standing.limits) &&
         is_kept(said.client_certificates, standing.client_certificates) &&
         is_kept(said.firewall, standing.firewall);
}

}  // namespace routing
