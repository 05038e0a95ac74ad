#pragma once

#include <compare>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/shared_map.h"
#include "operator/routing/claimant.h"

namespace routing {

// What a claimant must hear.
enum class Severity {
  warning,  // something asked for is not done: a Warning Event
  note,     // worth knowing, nothing is wrong: a Normal Event
  pending,  // will resolve by itself: in logs and metrics, no Event
};

// One sentence to one claimant. A value: the same trouble in the same state is the same
// complaint, so that whoever writes Events can tell a transition from a repetition.
struct Complaint {
  Claimant claimant;
  Severity severity = Severity::warning;
  std::string reason;          // CamelCase, stable: "ServiceNotFound"
  std::string message;         // says what is wrong, what happens instead, and what to do
  std::size_t stands_for = 1;  // the last of a long list: for itself and those left out
  auto operator<=>(const Complaint&) const = default;
};

using Complaints = std::vector<Complaint>;

// Sorted and unique; of one reason to one claimant so many as a person reads, the last of which
// stands for the rest; none longer than an Event shows, nor with a control character, for they
// quote what a tenant wrote. A claimant may have thousands of paths.
Complaints bounded(Complaints complaints);

// Leaves out those to claimants of these namespaces.
void drop_complaints_in(const std::set<std::string>& namespaces, Complaints& complaints);

// By the text of a claimant, ClaimantKey::text(): those to it, sorted, and never none. Copies share
// what they have in common.
using ComplaintsByKey = base::SharedMap<std::shared_ptr<const Complaints>>;
// Puts them where their claimants' stand.
void put(Complaints sorted, ComplaintsByKey& all);

}  // namespace routing
