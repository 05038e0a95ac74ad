#pragma once

#include <compare>
#include <string>
#include <vector>

#include "kube/object.h"

namespace ingress {

// What the user of an Ingress must hear.
enum class Severity {
  warning,  // something asked for is not done: a Warning Event
  note,     // worth knowing, nothing is wrong: a Normal Event
  pending,  // will resolve by itself: in logs and metrics, no Event
};

// One sentence about one Ingress. A value: the same trouble in the same state is the same
// complaint, so that whoever writes Events can tell a transition from a repetition.
struct Complaint {
  kube::ObjectKey ingress;
  Severity severity = Severity::warning;
  std::string reason;   // CamelCase, stable: "ServiceNotFound"
  std::string message;  // says what is wrong, what happens instead, and what to do
  auto operator<=>(const Complaint&) const = default;
};

using Complaints = std::vector<Complaint>;

}  // namespace ingress
