#include "operator/ingress/compiler.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "operator/ingress/annotations/other_hosts.h"
#include "operator/ingress/annotations/route_policy.h"
#include "operator/ingress/claims.h"
#include "operator/ingress/guards.h"
#include "operator/ingress/ingress_intents.h"
#include "operator/ingress/known_hosts.h"
#include "operator/ingress/owned_ingresses.h"
#include "operator/ingress/policies_of_routes.h"
#include "operator/ingress/reading.h"
#include "operator/ingress/reading_load.h"
#include "operator/ingress/side_services.h"
#include "operator/ingress/trusted_proxies.h"
#include "operator/routing/backend_resolver.h"
#include "operator/routing/challenge_answers.h"
#include "operator/routing/host_name.h"
#include "operator/routing/intent_compiler.h"
#include "operator/routing/room.h"

namespace ingress {
namespace {

using annotations::Issue;
using annotations::RoutePolicy;
using routing::amount_text;
using routing::BackendResolver;
using routing::bounded;
using routing::Claimant;
using routing::CompiledIntents;
using routing::config_host;
using routing::HostClaims;
using routing::IntentCompiler;
using routing::Load;
using routing::NoRoom;
using routing::Rank;
using routing::Severity;

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
        side_services_(view, hosts_, backends_, compiler_),
        intents_(view.default_issuer, policies_, hosts_, compiler_) {}

  Compiled run() {
    for (const Reading& reading : readings_) {
      hosts_.note(reading, compiler_.arbitration().owners());
    }
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
      compiler_.add(intents_.split_of(*ingress, rank, policy, beside_class));
      return;
    }
    const bool is_refused = policy.is_refused();
    const std::string guards = is_refused ? "" : compiler_.guards().add(guards_of(policy));
    const std::string shape = is_refused ? "" : compiler_.shapes().add(policy.shape);
    const auto pages = side_services_.error_pages_of(*ingress, rank.claimant, policy, of_class);
    compiler_.add(intents_.intent_of(
        {*ingress, rank, policy, guards, shape, pages, mirror, of_class}, others));
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

  const ClusterView& view_;
  const ClassOwnership ownership_;
  BackendResolver backends_;
  const PoliciesOfRoutes policies_;
  std::vector<Reading> readings_;
  IntentCompiler compiler_;
  KnownHosts hosts_;
  SideServices side_services_;
  IngressIntents intents_;
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
