#include "operator/ingress/compiler.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "operator/ingress/annotations/issuer.h"
#include "operator/ingress/annotations/other_hosts.h"
#include "operator/ingress/annotations/route_policy.h"
#include "operator/ingress/backends.h"
#include "operator/ingress/claims.h"
#include "operator/ingress/guards.h"
#include "operator/ingress/known_hosts.h"
#include "operator/ingress/owned_ingresses.h"
#include "operator/ingress/policies_of_routes.h"
#include "operator/ingress/reading.h"
#include "operator/ingress/reading_load.h"
#include "operator/ingress/route_path.h"
#include "operator/ingress/side_services.h"
#include "operator/ingress/trusted_proxies.h"
#include "operator/routing/backend_resolver.h"
#include "operator/routing/challenge_answers.h"
#include "operator/routing/host_name.h"
#include "operator/routing/intent.h"
#include "operator/routing/intent_compiler.h"
#include "operator/routing/room.h"
#include "proxy/config/expression.h"
#include "proxy/config/limits.h"

namespace ingress {
namespace {

using annotations::Issue;
using annotations::RoutePolicy;
using proxy::config::FixedAnswer;
using proxy::config::PathMatch;
using routing::amount_text;
using routing::Arbitration;
using routing::BackendResolver;
using routing::bounded;
using routing::CertificateIntent;
using routing::Claimant;
using routing::CompiledIntents;
using routing::config_host;
using routing::HostClaims;
using routing::HostIntent;
using routing::Intent;
using routing::IntentCompiler;
using routing::Load;
using routing::NoRoom;
using routing::PathIntent;
using routing::PlainHttp;
using routing::Rank;
using routing::Severity;
using routing::SplitIntent;

// In the order in which they have their say.
std::vector<Reading> readings_of(const ClusterView& view, const ClassOwnership& ownership,
                                 const BackendResolver& backends) {
  std::vector<OwnedIngress> owned = owned_by_age(view, ownership);
  std::vector<Reading> readings;
  readings.reserve(owned.size());
  for (OwnedIngress& one : owned) {
    one.ingress = ownership.with_defaults(std::move(one.ingress));
    Reading reading = reading_of(std::move(one), ownership, view);
    reading.load = load_of(reading, ownership, view, backends);
    readings.push_back(std::move(reading));
  }
  return readings;
}

std::vector<HostClaims> claims_of(const std::vector<Reading>& readings) {
  std::vector<HostClaims> all;
  all.reserve(readings.size());
  for (const Reading& reading : readings) {
    auto claims = host_claims_of({reading.ingress, reading.rank}, reading.others);
    if (claims) all.push_back(std::move(*claims));
  }
  return all;
}

std::vector<std::pair<Rank, Load>> loads_of(const std::vector<Reading>& readings) {
  std::vector<std::pair<Rank, Load>> all;
  all.reserve(readings.size());
  for (const Reading& reading : readings) all.emplace_back(reading.rank, reading.load);
  return all;
}

// One compilation: what Ingresses say becomes intents, in order of age.
class Compilation {
 public:
  explicit Compilation(const ClusterView& view)
      : view_(view),
        ownership_(ownership_of(view)),
        backends_(view),
        policies_(view.buffers_requests, backends_),
        readings_(readings_of(view, ownership_, backends_)),
        compiler_(view, backends_, claims_of(readings_), view.shares_hosts),
        hosts_(view.served_elsewhere),
        side_services_(view, hosts_, backends_, compiler_) {}

  Compiled run() {
    for (const Reading& reading : readings_) hosts_.note(reading, arbitration().owners());
    room_ = routing::find_room(loads_of(readings_), view_.bounds, view_.without_room);
    std::vector<const Reading*> left_out;
    for (Reading& reading : readings_) {
      const NoRoom* const why = room_.why_not(reading.rank.claimant.kind_and_key());
      if (why == nullptr) {
        add(std::move(reading));
        continue;
      }
      leave_out(reading, *why);
      left_out.push_back(&reading);
    }
    for (const Reading* reading : left_out) close_beside(*reading);
    return finish();
  }

 private:
  void leave_out(const Reading& reading, const NoRoom& no_room) {
    const kube::Ingress& ingress = *reading.ingress;
    Summary& summary = summaries_.emplace_back();
    summary.ingress = reading.ingress;
    summary.has_room = false;
    for (const kube::IngressRule& rule : ingress.rules) summary.paths_closed += rule.paths.size();
    if (ingress.default_backend) ++summary.paths_closed;
    const auto kind = no_room.kind;
    const Claimant& claimant = reading.rank.claimant;
    const std::string nothing = "Nothing of this Ingress is served: ";
    switch (no_room.of) {
      case NoRoom::Of::claimant:
        return complain(claimant, "IngressTooLarge",
                        nothing + "it asks for " + amount_text(kind, reading.load[kind]) +
                            ", and one Ingress may have " +
                            amount_text(kind, view_.bounds.claimant[kind]) +
                            ". Write several Ingresses.");
      case NoRoom::Of::namespace_:
        return complain(claimant, "NamespaceFull",
                        nothing + "with it the Ingresses of namespace " +
                            ingress.metadata.namespace_ +
                            ", of which older ones go first, would have more than the " +
                            amount_text(kind, view_.bounds.namespace_[kind]) +
                            " that one namespace may have. Delete some, or use another namespace.");
      case NoRoom::Of::all:
        return complain(claimant, "ConfigurationFull",
                        nothing + "all Ingresses together ask for more than the " +
                            amount_text(kind, view_.bounds.all[kind]) +
                            " that proxies take, and namespace " + ingress.metadata.namespace_ +
                            " has its equal share of them, in which older Ingresses go first.");
    }
  }

  void close_beside(const Reading& reading) {
    const kube::Ingress& ingress = *reading.ingress;
    RoutePolicy policy = reading.policy;
    ownership_.parameters_of(reading.class_name)
        .apply(reading.class_name, ingress.metadata.annotations, policy);
    const bool guards =
        policy.is_refused() || reading.auth || !(guards_of(policy) == proxy::config::Guards{});
    std::vector<std::string> hosts;
    if (ingress.rules.empty()) hosts.emplace_back();
    for (const kube::IngressRule& rule : ingress.rules) {
      if (auto host = config_host(rule.host)) hosts.push_back(std::move(*host));
    }
    hosts.insert(hosts.end(), reading.others.aliases.begin(), reading.others.aliases.end());
    compiler_.close_beside(reading.rank.claimant, hosts, guards && !policy.canary);
  }

  void add(Reading reading) {
    const std::shared_ptr<const kube::Ingress> ingress = std::move(reading.ingress);
    const Rank rank = reading.rank;
    Summary& summary = summaries_.emplace_back();
    summary.ingress = ingress;
    RoutePolicy policy = std::move(reading.policy);
    const annotations::OtherHosts others = std::move(reading.others);
    if (reading.auth) {
      side_services_.find_auth_server(std::move(*reading.auth), policy, rank.claimant);
    }
    const auto mirror = side_services_.mirror_of(*ingress, rank.claimant, policy);
    const ClassParameters& of_class = ownership_.parameters_of(reading.class_name);
    of_class.apply(reading.class_name, ingress->metadata.annotations, policy);
    summary.parameters = of_class.parameters;
    report_class(*ingress, rank.claimant);
    std::optional<RoutePolicy> beside_class;
    if (policy.canary) {
      beside_class = policy_beside_class({ingress, rank}, reading.class_name, ownership_, view_);
    }
    // What makes no sense alone may make some beside its class.
    report_issues(rank.claimant, policy.is_refused() && beside_class ? *beside_class : policy);
    if (policy.canary) {
      compiler_.add(split_of(*ingress, rank, policy, beside_class));
      return;
    }
    const bool is_refused = policy.is_refused();
    const std::string guards = is_refused ? "" : compiler_.guards().add(guards_of(policy));
    const std::string shape = is_refused ? "" : compiler_.shapes().add(policy.shape);
    const auto pages = side_services_.error_pages_of(*ingress, rank.claimant, policy, of_class);
    compiler_.add(
        intent_of({*ingress, rank, policy, guards, shape, pages, mirror, of_class}, others));
  }

  SplitIntent split_of(const kube::Ingress& ingress, const Rank& rank, const RoutePolicy& policy,
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

  static PathMatch match_of(kube::PathType type) {
    return type == kube::PathType::exact ? PathMatch::exact : PathMatch::prefix;
  }

  void complain_of_host(const Claimant& claimant, const std::string& written) {
    complain(claimant, "HostInvalid",
             "The host \"" + written +
                 "\" is neither a DNS name nor a wildcard of one label (\"*.example.com\"), so "
                 "its rules are left out.");
  }

  void complain(const Claimant& claimant, std::string reason, std::string message,
                Severity severity = Severity::warning) {
    compiler_.complain({claimant, severity, std::move(reason), std::move(message)});
  }

  void report_class(const kube::Ingress& ingress, const Claimant& claimant) {
    const auto other = ownership_.claimed_by_other_class(ingress);
    if (!other) return;
    complain(claimant, "ClassMismatch",
             "spec.ingressClassName names a class of ours, but the annotation " +
                 std::string(kClassAnnotation) + " says \"" + *other +
                 "\"; its controller may write this Ingress's status too. Remove the annotation.");
  }

  void report_issues(const Claimant& claimant, const RoutePolicy& policy) {
    if (!policy.refused_by_class.empty()) {
      complain(claimant, "ClassParametersMissing", policy.refused_by_class);
    }
    for (const Issue& issue : policy.issues) {
      const bool guards = issue.effect == Issue::Effect::guards;
      std::string message = "Annotation " + issue.name + " " + issue.why + ".";
      if (guards)
        message +=
            " It guards something, so this Ingress answers 503 until it is honoured or gone.";
      if (!issue.remedy.empty()) message += " " + issue.remedy;
      complain(claimant, guards ? "AnnotationRefused" : "AnnotationIgnored", std::move(message),
               issue.is_pending ? Severity::pending : Severity::warning);
    }
  }

  Intent intent_of(const Scope& scope, const annotations::OtherHosts& others) {
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
        annotations::read_issuer(ingress.metadata.annotations, view_.default_issuer, unsaid)
            .has_value();
    for (const kube::IngressTls& tls : ingress.tls) add_tls(scope, tls, orders, intent);
    return intent;
  }

  void add_hosts(const Scope& scope, const annotations::OtherHosts& others, Intent& intent) {
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

  HostIntent host_of(const Scope& scope, std::string name, const kube::IngressRule& rule) const {
    HostIntent host{.host = std::move(name)};
    // ingress-nginx looks for it before all paths of the host, which an Exact one is here.
    const auto& root = scope.policy.redirections.of_root;
    if (root && !scope.policy.is_refused()) {
      host.root = routing::RootIntent{redirected(*root), policies_.of_all(scope)};
    }
    host.paths.reserve(rule.paths.size());
    for (const kube::IngressPath& path : rule.paths) {
      host.paths.push_back(path_of(scope, host.host, path));
    }
    if (scope.ingress.default_backend) host.rest = rest_of(scope);
    return host;
  }

  routing::RestIntent rest_of(const Scope& scope) const {
    routing::RestIntent rest;
    rest.backend = backend_intent_of(*scope.ingress.default_backend);
    rest.policies = policies_.of_default_backend(scope);
    return rest;
  }

  static PlainHttp plain_http_of(const RoutePolicy& policy) {
    const annotations::Redirect& said = policy.redirect;
    return {.where_certificate = said.where_certificate,
            .always = said.always,
            .refuses = said.refuses};
  }

  // Whom the class names who answers what no path matches.
  static std::optional<routing::FallbackIntent> fallback_of(const ClassParameters& of_class) {
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
  static routing::EndpointChoice choice_of(const RoutePolicy& policy) {
    return {.is_sticky = policy.sticky.has_value(),
            .prefers_least_requests = policy.prefers_least_requests,
            .hash_by = policy.hash_by,
            .asks_the_service = policy.asks_the_service};
  }

  static FixedAnswer redirected(const proxy::config::Redirection& redirect) {
    return FixedAnswer{503, "redirect", redirect};
  }

  PathIntent path_of(const Scope& scope, const std::string& host,
                     const kube::IngressPath& written) const {
    const bool is_refused = scope.policy.is_refused();
    PathIntent path{.text = written.path.empty() ? "/" : written.path};
    const std::string& text = path.text;
    path.backend = backend_intent_of(written.backend);
    auto expression = asked_expression(scope, host, text, written.path_type);
    const bool is_asked_for = expression.has_value();
    if (!is_asked_for) {
      expression = guarded_expression(scope, host, text, written.path_type);
      if (auto plain = route_path(without_star(text, written.path_type))) {
        auto policies = policies_.of_path(scope, *plain, written.backend);
        path.plain.emplace(routing::PlainPath{match_of(written.path_type), std::move(*plain),
                                              std::move(policies)});
      }
    }
    if (expression) {
      routing::PathExpression made{std::move(*expression)};
      made.is_meant = expression_of(text, false).has_value();
      if (!is_refused) made.policies = policies_.of_expression(scope, text, written.backend);
      path.expression = std::move(made);
    }
    if (!is_asked_for) path.remark = remark_of(scope, path, written.path_type);
    return path;
  }

  // Of a path that may be meant otherwise than it is taken, or can be meant as nothing.
  static std::optional<routing::Remark> remark_of(const Scope& scope, const PathIntent& path,
                                                  kube::PathType type) {
    if (path.expression) {
      if (scope.policy.is_refused()) return std::nullopt;
      return routing::Remark{
          "PathTakenBothWays",
          "The path \"" + path.text +
              "\" is taken both as the text that it is and as the regular expression that it may "
              "be meant as, since the Ingress guards it. Where an expression is meant say so with "
              "the annotation nginx.ingress.kubernetes.io/use-regex: \"true\"; for everything "
              "below a path write the path alone, with pathType Prefix."};
    }
    if (path.plain) return remark_of_literal(scope, without_star(path.text, type));
    return routing::Remark{
        "PathInvalid",
        "The path \"" + path.text +
            "\" can match no request (it must start with \"/\" and have no \"..\", broken "
            "escape or control character), so it is left out."};
  }

  // "/*" that is not at the end, or of another type, and a regular expression of an Ingress that
  // asks for none, can only be meant otherwise than it is taken.
  static std::optional<routing::Remark> remark_of_literal(const Scope& scope,
                                                          const std::string& path) {
    if (scope.policy.is_refused() || !looks_like_expression(path)) return std::nullopt;
    const bool is_star_alone = path.find_first_of("()[]{}|^?\\") == std::string::npos &&
                               path.find(".*") == std::string::npos && path.find('*') != path.npos;
    return routing::Remark{
        "PathTakenLiterally",
        is_star_alone
            ? "The path \"" + path +
                  "\" matches only requests with a \"*\" in their path: it stands for "
                  "nothing else here. For everything below a path write the path alone, with "
                  "pathType Prefix."
            : "The path \"" + path +
                  "\" matches only requests with this very text in their path: it is no "
                  "regular expression here. Where it is meant as one say so with the "
                  "annotation nginx.ingress.kubernetes.io/use-regex: \"true\"; for everything "
                  "below a path write the path alone, with pathType Prefix."};
  }

  // The expression that a path is, where its Ingress asks for such, or another one of the host does
  // and the class has it so. Nobody has asked for one there that cannot be compared: "/c++" is
  // none.
  std::optional<std::string> asked_expression(const Scope& scope, const std::string& host,
                                              const std::string& text, kube::PathType type) const {
    const annotations::Rewrite& rewrite = scope.policy.rewrite;
    if (scope.policy.is_refused()) return std::nullopt;
    if (rewrite.uses_expressions) return route_expression(text, type);
    const bool has_others = scope.of_class.has_expressions_of_hosts() && !rewrite.wants_none &&
                            hosts_.has_expressions(host);
    // What is guarded both ways is not left to one of them by another Ingress.
    if (!has_others || guarded_expression(scope, host, text, type)) return std::nullopt;
    using proxy::config::Expression;
    auto expression = route_expression(text, type);
    if (!expression || expression->size() > proxy::config::kPathBytesMax) return std::nullopt;
    if (!Expression::compile(*expression, Expression::Use::route)) return std::nullopt;
    return expression;
  }

  // The expression that a guarded path may be meant as, though its Ingress asks for none: with
  // operators it is one to ingress-nginx as soon as another Ingress of the host asks. A request
  // that it was to guard must not come to a wider path. One without operators is what its type says
  // (KEP-1453): "/admin" as a Prefix is not for "/administrator", also where ingress-nginx has it
  // so.
  std::optional<std::string> guarded_expression(const Scope& scope, const std::string& host,
                                                const std::string& text,
                                                kube::PathType type) const {
    const bool host_has_expressions = hosts_.has_expressions(host);
    if (scope.policy.is_refused()) return expression_of(text, host_has_expressions);
    if (scope.guards.empty() || without_star(text, type) != text) return std::nullopt;
    if (looks_like_expression(text)) return route_expression(text, type);
    const bool has_group = text.find('(') != std::string::npos;
    if (!has_operators(text) || !(host_has_expressions || has_group)) return std::nullopt;
    // "/c++" is none.
    using proxy::config::Expression;
    auto expression = route_expression(text, type);
    if (expression && !Expression::compile(*expression, Expression::Use::route)) return {};
    return expression;
  }

  void add_tls(const Scope& scope, const kube::IngressTls& tls, bool orders, Intent& intent) {
    const kube::Ingress& ingress = scope.ingress;
    if (tls.secret_name.empty() && needs_none(tls)) return;
    if (tls.secret_name.empty()) {
      complain(scope.rank.claimant, "CertificateMissing",
               "A tls entry has no secretName, and there is no default certificate; its hosts have "
               "no TLS from it.");
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
  bool needs_none(const kube::IngressTls& tls) const {
    return !tls.hosts.empty() &&
           std::all_of(tls.hosts.begin(), tls.hosts.end(), [&](const std::string& written) {
             const auto host = config_host(written);
             return host && arbitration().passthrough().has(*host);
           });
  }

  Compiled finish() {
    CompiledIntents made = compiler_.finish();
    // Nobody is left to mend them, and an Event in a namespace that is being deleted is refused.
    routing::drop_complaints_in(view_.ending_namespaces, made.complaints);
    for (Summary& summary : summaries_) {
      const auto outcome = made.outcomes.find(claimant_key_of(*summary.ingress));
      if (outcome == made.outcomes.end()) continue;  // it has no room
      static_cast<routing::Outcome&>(summary) = std::move(outcome->second);
    }
    Compiled compiled;
    compiled.config = std::move(made.config);
    if (!view_.without_room) add_what_is_of_all(made.owners, compiled.config);
    compiled.complaints = bounded(std::move(made.complaints));
    compiled.summaries = std::move(summaries_);
    compiled.loads = std::move(room_.loads);
    compiled.owners = std::move(made.owners);
    compiled.served_hosts = hosts_.take_served();
    return compiled;
  }

  // Of no Ingress: who compiles the cluster in parts says it once.
  void add_what_is_of_all(const routing::HostOwners& owners,
                          proxy::config::ProxyConfig& config) const {
    config.arrivals = arrivals_of(ownership_.trusted_proxies(), ownership_.takes_proxy_headers());
    config.challenges = routing::challenge_answers(view_, owners);
  }

  // Whose word counts, once all Ingresses are read.
  const Arbitration& arbitration() const { return compiler_.arbitration(); }

  const ClusterView& view_;
  const ClassOwnership ownership_;
  BackendResolver backends_;
  const PoliciesOfRoutes policies_;
  std::vector<Reading> readings_;
  IntentCompiler compiler_;
  KnownHosts hosts_;
  SideServices side_services_;
  std::vector<Summary> summaries_;
  routing::Room room_;
};

}  // namespace

Compiled compile(const ClusterView& view) {
  return Compilation(view).run();
}

std::set<routing::ClaimantKey> without_room(const Compiled& compiled) {
  std::set<routing::ClaimantKey> found;
  for (const Summary& summary : compiled.summaries) {
    if (!summary.has_room) found.insert(claimant_key_of(*summary.ingress));
  }
  return found;
}

}  // namespace ingress
