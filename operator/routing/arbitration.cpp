#include "operator/routing/arbitration.h"

namespace routing {

bool Arbitration::asks_for(const Rank& by, const std::string& host) {
  const Claimant* const owner = owners_.owner_of(host);
  if (owner == nullptr || owner->namespace_() == by.claimant.namespace_()) return true;
  if (!by.is_ending) foreign_claims_.add(*owner, by.claimant, host);
  return owners_.may_be_shared();
}

void Arbitration::offer(const Rank& by, const std::string& secret, const std::string& name,
                        bool is_ordered, SniTable& sni, Complaints& complaints) {
  if (passthrough_.has(name)) {
    if (asks_for(by, name)) leave_unused(by.claimant, secret, name, complaints);
    return;
  }
  const std::string& namespace_ = by.claimant.namespace_();
  // A certificate for a wildcard is what its namespace has for its own hosts there, whoever owns
  // the others.
  if (!owners_.admits(name, namespace_) && owners_.has_host_under(name, namespace_)) {
    sni.offer_for_own_hosts(by.claimant, secret, name, is_ordered);
  } else if (asks_for(by, name)) {
    sni.offer(by.claimant, secret, name, is_ordered);
  }
}

void Arbitration::leave_unused(const Claimant& claimant, const std::string& secret,
                               const std::string& name, Complaints& complaints) const {
  const std::string which =
      "The certificate of Secret " + claimant.namespace_() + "/" + secret + " is not served for ";
  const Claimant& by = *passthrough_.decided_by(name);
  if (by == claimant) {
    complaints.push_back({claimant, Severity::note, "CertificateNotUsed",
                          which + name + ": with ssl-passthrough the backend has its own."});
    return;
  }
  complaints.push_back({claimant, Severity::warning, "CertificateConflict",
                        which + name + ": TLS for it passes to the backend of the " + by.text() +
                            ", which is the older one with a rule for it (ssl-passthrough)."});
  complaints.push_back({by, Severity::note, "CertificateConflict",
                        "TLS for " + name + " passes to the backend of this " + by.kind() +
                            "; the certificate that " + claimant.text() +
                            " has for it is not served."});
}

}  // namespace routing
