#include "operator/routing/host_table.h"

#include <algorithm>
#include <variant>

#include "operator/routing/host_name.h"
#include "proxy/config/limits.h"

namespace routing {
namespace {

using proxy::config::PathMatch;

std::string host_text(const std::string& host) {
  return host.empty() ? "every host" : host;
}

bool says_something(const PlainHttp& said) {
  return said.always || said.where_certificate.has_value();
}

bool agree(const PlainHttp& a, const PlainHttp& b) {
  return a.always == b.always &&
         a.where_certificate.value_or(true) == b.where_certificate.value_or(true);
}

// "/foo/" and "/foo" are one prefix (KEP-1453).
std::string place_path(PathMatch match, const std::string& path) {
  std::string text = path;
  while (match == PathMatch::prefix && text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

Complaint conflict(const Claimant& loser, const Claimant& winner, std::string what) {
  std::string message = "The " + std::move(what) + " is not taken from this " + loser.kind() + ": ";
  message += winner == loser ? "it stands in it twice, and the first one counts."
                             : "the older " + winner.text() + " has it.";
  return {loser, Severity::warning, "PathConflict", std::move(message)};
}

bool has_certificate(const std::string& host, const std::map<std::string, std::string>& sni) {
  if (sni.count(host) != 0) return true;
  const std::string wildcard = covering_wildcard(host);
  return !wildcard.empty() && sni.count(wildcard) != 0;
}

}  // namespace

void HostTable::claim_host(const std::string& name, const Claimant& by, const PlainHttp& said,
                           Complaints& complaints) {
  Host& host = hosts_.try_emplace(name, Host{by, {}, {}, {}, {}, {}, {}, {}, false}).first->second;
  const bool is_neighbour = by.namespace_() == host.owner.namespace_();
  if (said.refuses && is_neighbour && !host.refuses_plain_http) host.refuses_plain_http = by;
  const bool is_in_vain = said.where_certificate == false || (said.refuses && !is_neighbour);
  if (is_in_vain) host.serves_plain_http.insert(by);
  if (!says_something(said)) return;
  if (is_neighbour && !host.plain_http) {
    host.plain_http = PlainHttpSaid{by, said};
    return;
  }
  const PlainHttp standing = host.plain_http ? host.plain_http->said : PlainHttp{};
  if (agree(standing, said)) return;
  const Claimant& decided_by = host.plain_http ? host.plain_http->by : host.owner;
  complaints.push_back({by, Severity::warning, "AnnotationIgnored",
                        "The redirect to https is one decision for all of " + host_text(name) +
                            ", and the older " + decided_by.text() + " has made it; what this " +
                            by.kind() +
                            "'s ssl-redirect or force-ssl-redirect says is ignored there."});
}

void HostTable::claim_tls_policy(const std::string& name, const Claimant& by,
                                 proxy::config::TlsPolicy policy) {
  Host& host = hosts_.at(name);
  const bool is_known = std::any_of(host.tls_said.begin(), host.tls_said.end(),
                                    [&](const TlsSaid& said) { return said.by == by; });
  if (!is_known) host.tls_said.push_back({by, policy});
}

const HostTable::TlsSaid* HostTable::strictest_tls(const Host& host) {
  const TlsSaid* strictest = nullptr;
  for (const TlsSaid& said : host.tls_said) {
    const bool counts = said.by.namespace_() == host.owner.namespace_();
    if (counts && (strictest == nullptr || strictest->policy < said.policy)) strictest = &said;
  }
  return strictest;
}

void HostTable::report_tls_policies(Complaints& complaints) const {
  for (const auto& [name, host] : hosts_) {
    if (host.passes_tls) continue;
    const TlsSaid* const strictest = strictest_tls(host);
    const auto policy =
        strictest == nullptr ? proxy::config::TlsPolicy::intermediate : strictest->policy;
    for (const TlsSaid& said : host.tls_said) {
      if (said.policy == policy) continue;
      const bool has_no_say = said.by.namespace_() != host.owner.namespace_();
      std::string why = "the TLS policy is one decision for all of a host, and ";
      if (strictest == nullptr) {
        why += "it belongs to " + host.owner.key().text() + ", which says nothing";
      } else if (has_no_say) {
        why += "the " + strictest->by.text() + " of the namespace whose host it is says so";
      } else {
        why += "the stricter word of the " + strictest->by.text() + " counts";
      }
      complaints.push_back({said.by, Severity::warning, "TlsPolicyConflict",
                            "TLS of " + host_text(name) + " is \"" + name_of(policy) +
                                "\" and not \"" + name_of(said.policy) + "\" as for this " +
                                said.by.kind() + ": " + why +
                                ". Write the same gatehouse.dev/tls-policy in both."});
    }
  }
}

void HostTable::report_plain_http(const std::map<std::string, std::string>& sni,
                                  const std::set<std::string>& own_only,
                                  Complaints& complaints) const {
  for (const auto& [name, host] : hosts_) {
    if (!host.refuses_plain_http) continue;
    for (const Claimant& by : host.serves_plain_http) {
      complaints.push_back(
          {by, Severity::warning, "AnnotationIgnored",
           "Plain HTTP for " + host_text(name) + " is refused, and not served as for this " +
               by.kind() + ": it is one decision for all of a host, and the " +
               host.refuses_plain_http->text() + " (plain-http) or its class says so."});
    }
    if (has_tls(name, host, sni, own_only)) continue;
    complaints.push_back({*host.refuses_plain_http, Severity::warning, "NobodyCanCome",
                          "Plain HTTP for " + host_text(name) +
                              " is refused, and there is no certificate for it: every request is "
                              "answered 403. Name a Secret for it under tls, or let plain HTTP be "
                              "served (gatehouse.dev/plain-http)."});
  }
}

bool HostTable::has_tls(const std::string& name, const Host& host,
                        const std::map<std::string, std::string>& sni,
                        const std::set<std::string>& own_only) {
  if (host.passes_tls) return host.host.passthrough.has_value();
  return own_only.count(name) == 0 && has_certificate(name, sni);
}

bool HostTable::claim_route(const std::string& name, proxy::config::Route route,
                            const MakeAction& action, const Claimant& by, Complaints& complaints) {
  Host& host = hosts_.at(name);
  route.path = place_path(route.match, route.path);
  if (!has_room_for_route(name)) {
    complaints.push_back({by, Severity::warning, "HostFull",
                          "Paths of this " + by.kind() + " on " + host_text(name) +
                              " are left out: older ones have filled its " +
                              std::to_string(proxy::config::kRoutesMax) + " places."});
    return false;
  }
  const auto [claim, is_new] =
      host.claims.try_emplace(Place{route.match, route.path}, Claim{by, host.host.routes.size()});
  if (!is_new) {
    const char* kind = route.match == PathMatch::exact ? "exact path " : "path prefix ";
    complaints.push_back(
        conflict(by, claim->second.by, kind + route.path + " on " + host_text(name)));
    return false;
  }
  route.action = action();
  host.host.routes.push_back(std::move(route));
  return true;
}

bool HostTable::claim_expression(const std::string& name, proxy::config::ExpressionRoute route,
                                 const MakeAction& action, const Claimant& by,
                                 Complaints& complaints) {
  Host& host = hosts_.at(name);
  const auto [claim, is_new] = host.expression_claims.try_emplace(route.expression, by);
  if (!is_new) {
    complaints.push_back(
        conflict(by, claim->second, "expression " + route.expression + " on " + host_text(name)));
    return false;
  }
  route.action = action();
  host.host.expressions.push_back(std::move(route));
  return true;
}

bool HostTable::has_room_for_route(const std::string& name) const {
  return hosts_.at(name).host.routes.size() < proxy::config::kRoutesMax;
}

bool HostTable::has_room_for_expression(const std::string& name) const {
  return hosts_.at(name).host.expressions.size() < proxy::config::kExpressionRoutesMax;
}

bool HostTable::claim_default(const std::string& name,
                              const base::Alike<proxy::config::Policies>& policies,
                              const MakeAction& action, const Claimant& by,
                              Complaints& complaints) {
  Host& host = hosts_.at(name);
  if (host.default_claim) {
    // A claimant with two rules for one host repeats its own default; that is no conflict.
    if (*host.default_claim == by) return true;
    complaints.push_back(
        conflict(by, *host.default_claim, "default backend of " + host_text(name)));
    return false;
  }
  host.default_claim = by;
  host.host.default_route = proxy::config::DefaultRoute{action(), policies};
  return true;
}

std::optional<HostTable::Standing> HostTable::find_standing(const std::string& name,
                                                            const Sought& sought) {
  const auto at = hosts_.find(name);
  if (at == hosts_.end()) return std::nullopt;
  Host& host = at->second;
  const auto standing = [&](auto& route, const Claimant& owner) {
    return Standing{owner, &route.action, &route.policies, &host.canaries[&route.policies]};
  };
  if (sought.route) {
    const Place place{sought.route->match, place_path(sought.route->match, sought.route->path)};
    const auto claim = host.claims.find(place);
    if (claim != host.claims.end()) {
      return standing(host.host.routes.at(claim->second.route), claim->second.by);
    }
  }
  if (sought.expression) {
    for (proxy::config::ExpressionRoute& route : host.host.expressions) {
      if (route.expression != *sought.expression) continue;
      return standing(route, host.expression_claims.at(route.expression));
    }
  }
  if (!sought.is_default || !host.host.default_route) return std::nullopt;
  return standing(*host.host.default_route, *host.default_claim);
}

void HostTable::pass_tls(const std::string& name,
                         std::optional<proxy::config::Passthrough> passthrough) {
  Host& host = hosts_.at(name);
  host.passes_tls = true;
  host.host.passthrough = std::move(passthrough);
}

bool HostTable::close_expression(const std::string& name, proxy::config::ClosedExpression closed) {
  auto& all = hosts_.at(name).host.closed;
  if (std::find(all.begin(), all.end(), closed) != all.end()) return true;
  if (all.size() >= proxy::config::kClosedMax) return false;
  all.push_back(std::move(closed));
  return true;
}

void HostTable::close_host(const std::string& name, const Claimant& by) {
  Host& host = hosts_.at(name);
  if (!host.closed_by) host.closed_by = by;
}

std::vector<HostTable::ClosedHost> HostTable::close_hosts(
    const proxy::config::FixedAnswer& answer) {
  std::vector<ClosedHost> closed;
  for (auto& [name, host] : hosts_) {
    if (!host.closed_by) continue;
    ClosedHost& one = closed.emplace_back(ClosedHost{name, *host.closed_by, {}});
    const auto close = [&](proxy::config::Action& action, const Claimant& owner) {
      if (!std::holds_alternative<proxy::config::Forward>(action)) return;
      action = answer;
      ++one.over[owner];
    };
    for (proxy::config::Route& route : host.host.routes) {
      close(route.action, host.claims.at({route.match, route.path}).by);
    }
    for (proxy::config::ExpressionRoute& route : host.host.expressions) {
      close(route.action, host.expression_claims.at(route.expression));
    }
    if (host.host.default_route) close(host.host.default_route->action, *host.default_claim);
    host.host.closed.clear();
    host.host.passthrough.reset();
  }
  return closed;
}

void HostTable::set_default(const std::string& name, proxy::config::DefaultRoute route) {
  Host& host = hosts_.at(name);
  if (host.host.default_route || host.closed_by) return;
  host.host.default_route = std::move(route);
}

std::vector<std::string> HostTable::names() const {
  std::vector<std::string> names;
  names.reserve(hosts_.size());
  for (const auto& [name, host] : hosts_) names.push_back(name);
  return names;
}

proxy::config::ProxyConfig::Section<proxy::config::VirtualHost> HostTable::finish(
    const std::map<std::string, std::string>& sni, const std::set<std::string>& own_only) const {
  proxy::config::ProxyConfig::Section<proxy::config::VirtualHost> section;
  for (const auto& [name, host] : hosts_) {
    proxy::config::VirtualHost made = host.host;
    static const PlainHttp kUnsaid;
    const PlainHttp& said = host.plain_http ? host.plain_http->said : kUnsaid;
    // No proxy shows another's certificate, whether or not it knows what passing TLS is.
    made.own_certificate_only = host.passes_tls || own_only.count(name) != 0;
    made.https_redirect = said.always || (said.where_certificate.value_or(true) &&
                                          has_tls(name, host, sni, own_only));
    made.refuses_plain_http = host.refuses_plain_http.has_value();
    const TlsSaid* const tls = host.passes_tls ? nullptr : strictest_tls(host);
    made.tls13_only = tls != nullptr && tls->policy == proxy::config::TlsPolicy::modern;
    made.takes_old_ciphers = tls != nullptr && tls->policy == proxy::config::TlsPolicy::old;
    section.emplace(name, std::make_shared<const proxy::config::VirtualHost>(std::move(made)));
  }
  return section;
}

}  // namespace routing
