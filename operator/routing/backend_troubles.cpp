#include "operator/routing/backend_troubles.h"

#include "operator/routing/joined.h"

namespace routing {

void BackendTroubles::add(const Claimant& claimant, const ResolvedBackend& resolved, bool has_pages,
                          const std::string& place) {
  if (resolved.reason.empty()) return;
  const Severity severity = resolved.is_pending ? Severity::pending : Severity::warning;
  places_[Trouble{claimant, resolved.reason, resolved.trouble, severity, has_pages}].push_back(
      place);
}

void BackendTroubles::report(Complaints& complaints) const {
  for (const auto& [trouble, places] : places_) {
    complaints.push_back({trouble.claimant, trouble.severity, trouble.reason,
                          "Requests for " + joined(places) + " are answered " +
                              (trouble.has_pages ? "by the default-backend: " : "with 503: ") +
                              trouble.what + "."});
  }
}

}  // namespace routing
