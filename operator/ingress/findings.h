#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/shared_map.h"
#include "operator/ingress/certificate_plan.h"
#include "operator/ingress/compiler.h"
#include "operator/routing/claimant_key.h"
#include "operator/routing/complaint.h"

namespace ingress {

// What a compilation and its plan found beside the configuration, by the key of an Ingress or a
// Certificate ("namespace/name"), complaints by claimant. A value whose copies share what they have
// in common: whoever keeps the last one looks at what is different in the next one, and at nothing
// else.
struct Findings {
  template <class T>
  using ByKey = base::SharedMap<std::shared_ptr<const T>>;

  ByKey<Summary> summaries;                  // of each Ingress of ours
  routing::ComplaintsByKey complaints;       // of the compiler
  routing::ComplaintsByKey plan_complaints;  // of the plan
  // By Certificate, as in CertificatePlan.
  ByKey<CertificatePlan::Apply> apply;
  ByKey<CertificatePlan::Remove> remove;
};

// Put what was found into its place.
void add(std::vector<Summary> summaries, Findings& findings);
// With the plan's complaints.
void add(CertificatePlan plan, Findings& findings);

// What came of the Ingress that the claimant is. nullptr: it is of another kind, or is gone.
const Summary* summary_of(const routing::ClaimantKey& claimant, const Findings& findings);

// Of a key's text.
kube::ObjectKey key_of(const std::string& text);

}  // namespace ingress
