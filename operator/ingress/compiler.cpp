#include "operator/ingress/compiler.h"

#include <utility>

#include "operator/ingress/claims.h"
#include "operator/ingress/ingress_source.h"
#include "operator/ingress/owned_ingresses.h"
#include "operator/ingress/reading.h"
#include "operator/ingress/reading_load.h"
#include "operator/ingress/trusted_proxies.h"
#include "operator/routing/add_by_age.h"
#include "operator/routing/backend_resolver.h"
#include "operator/routing/challenge_answers.h"
#include "operator/routing/intent_compiler.h"
#include "operator/routing/room.h"

namespace ingress {
namespace {

using routing::BackendResolver;
using routing::CompiledIntents;
using routing::HostClaims;
using routing::IntentCompiler;

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

void add_outcomes(CompiledIntents& made, std::vector<Summary>& summaries) {
  for (Summary& summary : summaries) {
    const auto outcome = made.outcomes.find(claimant_key_of(*summary.ingress));
    if (outcome == made.outcomes.end()) continue;  // it has no room
    static_cast<routing::Outcome&>(summary) = std::move(outcome->second);
  }
}

// Of no Ingress: who compiles the cluster in parts says it once.
void add_what_is_of_all(const ClusterView& view, const ClassOwnership& ownership,
                        Compiled& compiled) {
  compiled.config.arrivals =
      arrivals_of(ownership.trusted_proxies(), ownership.takes_proxy_headers());
  compiled.config.challenges = routing::challenge_answers(view, compiled.owners);
}

}  // namespace

Compiled compile(const ClusterView& view) {
  const ClassOwnership ownership = ownership_of(view);
  BackendResolver backends(view);
  std::vector<Reading> readings = readings_of(view, ownership, backends);
  IntentCompiler compiler(view, backends, claims_of(readings), view.shares_hosts);
  IngressSource ingresses(view, ownership, std::move(readings), backends, compiler);
  routing::Room room =
      routing::add_by_age(ingresses.claimants(), view.bounds, view.without_room, compiler);
  CompiledIntents made = compiler.finish();
  ingresses.tell_of_entries_without_secret(made);

  Compiled compiled;
  compiled.config = std::move(made.config);
  compiled.owners = std::move(made.owners);
  compiled.loads = std::move(room.loads);
  compiled.summaries = ingresses.take_summaries();
  add_outcomes(made, compiled.summaries);
  compiled.served_hosts = ingresses.take_served_hosts();
  // Nobody is left to mend them, and an Event in a namespace that is being deleted is refused.
  routing::drop_complaints_in(view.ending_namespaces, made.complaints);
  compiled.complaints = routing::bounded(std::move(made.complaints));
  if (!view.without_room) add_what_is_of_all(view, ownership, compiled);
  return compiled;
}

std::set<routing::ClaimantKey> without_room(const Compiled& compiled) {
  std::set<routing::ClaimantKey> found;
  for (const Summary& summary : compiled.summaries) {
    if (!summary.has_room) found.insert(claimant_key_of(*summary.ingress));
  }
  return found;
}

}  // namespace ingress
