#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kube/resources/ingress.h"
#include "operator/ingress/annotations/route_policy.h"
#include "operator/ingress/class_ownership.h"
#include "operator/ingress/cluster_view.h"
#include "operator/ingress/ingress_intents.h"
#include "operator/ingress/known_hosts.h"
#include "operator/ingress/policies_of_routes.h"
#include "operator/ingress/reading.h"
#include "operator/ingress/side_services.h"
#include "operator/ingress/summary.h"
#include "operator/routing/add_by_age.h"
#include "operator/routing/admission.h"
#include "operator/routing/backend_resolver.h"
#include "operator/routing/claimant.h"
#include "operator/routing/complaint.h"
#include "operator/routing/intent_compiler.h"

namespace ingress {

// The Ingresses of one compilation, once all are read: adds the intents of those that find room,
// and tells each what of it is not as it says.
class IngressSource final : public routing::IntentSource {
 public:
  // All of the same compilation, and must outlive it. readings: of all Ingresses.
  IngressSource(const ClusterView& view, const ClassOwnership& ownership,
                std::vector<Reading> readings, routing::BackendResolver& backends,
                routing::IntentCompiler& compiler);
  IngressSource(const IngressSource&) = delete;
  IngressSource& operator=(const IngressSource&) = delete;

  // To be added, with this as their source.
  std::vector<routing::ReadClaimant> claimants();

  // Each but once.
  void add(std::size_t place) override;
  routing::Absent leave_out(std::size_t place, const routing::NoRoom& why) override;

  // Of all that were added or left out, in that order, but for what came of their intents.
  std::vector<Summary> take_summaries() { return std::move(summaries_); }
  // Of rules and aliases, as far as their namespaces own them.
  std::set<std::string> take_served_hosts() { return hosts_.take_served(); }
  // Tells those whose hosts are shown no certificate, once it is known what is shown to whom.
  void tell_of_entries_without_secret(routing::CompiledIntents& made) const;

 private:
  void tell_why(const Reading& reading, const routing::NoRoom& no_room);
  routing::Absent absent_of(const Reading& reading) const;
  void report_class(const kube::Ingress& ingress, const routing::Claimant& claimant);
  void report_issues(const routing::Claimant& claimant, const annotations::RoutePolicy& policy);
  void complain(const routing::Claimant& claimant, std::string reason, std::string message,
                routing::Severity severity = routing::Severity::warning);

  const ClusterView& view_;
  const ClassOwnership& ownership_;
  std::vector<Reading> readings_;
  routing::IntentCompiler& compiler_;
  const PoliciesOfRoutes policies_;
  KnownHosts hosts_;
  SideServices side_services_;
  IngressIntents intents_;
  std::vector<Summary> summaries_;
};

}  // namespace ingress
