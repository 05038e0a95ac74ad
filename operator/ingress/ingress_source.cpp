#include "operator/ingress/ingress_source.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "operator/ingress/annotations/other_hosts.h"
#include "operator/ingress/class_parameters.h"
#include "operator/ingress/guards.h"
#include "operator/ingress/owned_ingresses.h"
#include "operator/routing/host_name.h"

namespace ingress {

using annotations::Issue;
using annotations::RoutePolicy;
using routing::amount_text;
using routing::Claimant;
using routing::config_host;
using routing::NoRoom;
using routing::Rank;
using routing::Severity;

IngressSource::IngressSource(const ClusterView& view, const ClassOwnership& ownership,
                             std::vector<Reading> readings, routing::BackendResolver& backends,
                             routing::IntentCompiler& compiler)
    : view_(view),
      ownership_(ownership),
      readings_(std::move(readings)),
      compiler_(compiler),
      policies_(view.buffers_requests, backends),
      hosts_(view.served_elsewhere),
      side_services_(view, hosts_, backends, compiler),
      intents_(view.default_issuer, policies_, hosts_, compiler) {
  for (const Reading& reading : readings_) hosts_.note(reading, compiler.arbitration().owners());
}

std::vector<routing::ReadClaimant> IngressSource::claimants() {
  std::vector<routing::ReadClaimant> all;
  all.reserve(readings_.size());
  for (const Reading& reading : readings_) {
    all.push_back({reading.rank, reading.load, this, all.size()});
  }
  return all;
}

void IngressSource::add(std::size_t place) {
  Reading reading = std::move(readings_.at(place));
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
  compiler_.add(
      intents_.intent_of({*ingress, rank, policy, guards, shape, pages, mirror, of_class}, others));
}

routing::Absent IngressSource::leave_out(std::size_t place, const NoRoom& why) {
  const Reading& reading = readings_.at(place);
  const kube::Ingress& ingress = *reading.ingress;
  Summary& summary = summaries_.emplace_back();
  summary.ingress = reading.ingress;
  summary.has_room = false;
  for (const kube::IngressRule& rule : ingress.rules) summary.paths_closed += rule.paths.size();
  if (ingress.default_backend) ++summary.paths_closed;
  tell_why(reading, why);
  return absent_of(reading);
}

// Their hosts are shown what clients are shown who name no host, where it is of their namespace.
void IngressSource::tell_of_entries_without_secret(routing::CompiledIntents& made) const {
  const auto unnamed = made.config.sni.find("");
  const std::string shown = unnamed == made.config.sni.end()
                                ? view_.unnamed_elsewhere
                                : unnamed->second.substr(0, unnamed->second.find('/'));
  for (const routing::Claimant& claimant : intents_.without_secret()) {
    const bool is_theirs = made.owners.may_be_shared() || shown == claimant.namespace_();
    if (!shown.empty() && is_theirs) continue;
    made.complaints.push_back(
        {claimant, routing::Severity::warning, "CertificateMissing",
         "A tls entry has no secretName, and its namespace has no default certificate; its hosts "
         "have no TLS from it."});
  }
}

void IngressSource::tell_why(const Reading& reading, const NoRoom& no_room) {
  const kube::Ingress& ingress = *reading.ingress;
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

routing::Absent IngressSource::absent_of(const Reading& reading) const {
  const kube::Ingress& ingress = *reading.ingress;
  RoutePolicy policy = reading.policy;
  ownership_.parameters_of(reading.class_name)
      .apply(reading.class_name, ingress.metadata.annotations, policy);
  const bool guards =
      policy.is_refused() || reading.auth || !(guards_of(policy) == proxy::config::Guards{});
  routing::Absent absent{.hosts = {}, .guards = guards && !policy.canary};
  std::vector<std::string>& hosts = absent.hosts;
  if (ingress.rules.empty()) hosts.emplace_back();
  for (const kube::IngressRule& rule : ingress.rules) {
    if (auto host = config_host(rule.host)) hosts.push_back(std::move(*host));
  }
  hosts.insert(hosts.end(), reading.others.aliases.begin(), reading.others.aliases.end());
  return absent;
}

void IngressSource::report_class(const kube::Ingress& ingress, const Claimant& claimant) {
  const auto other = ownership_.claimed_by_other_class(ingress);
  if (!other) return;
  complain(claimant, "ClassMismatch",
           "spec.ingressClassName names a class of ours, but the annotation " +
               std::string(kClassAnnotation) + " says \"" + *other +
               "\"; its controller may write this Ingress's status too. Remove the annotation.");
}

void IngressSource::report_issues(const Claimant& claimant, const RoutePolicy& policy) {
  if (!policy.refused_by_class.empty()) {
    complain(claimant, "ClassParametersMissing", policy.refused_by_class);
  }
  for (const Issue& issue : policy.issues) {
    const bool guards = issue.effect == Issue::Effect::guards;
    std::string message = "Annotation " + issue.name + " " + issue.why + ".";
    if (guards)
      message += " It guards something, so this Ingress answers 503 until it is honoured or gone.";
    if (!issue.remedy.empty()) message += " " + issue.remedy;
    complain(claimant, guards ? "AnnotationRefused" : "AnnotationIgnored", std::move(message),
             issue.is_pending ? Severity::pending : Severity::warning);
  }
}

void IngressSource::complain(const Claimant& claimant, std::string reason, std::string message,
                             Severity severity) {
  compiler_.complain({claimant, severity, std::move(reason), std::move(message)});
}

}  // namespace ingress
