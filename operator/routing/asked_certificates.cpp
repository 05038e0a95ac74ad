#include "operator/routing/asked_certificates.h"

#include <algorithm>

namespace routing {

void AskedCertificates::add(const std::string& host, const Claimant& claimant,
                            const std::optional<proxy::config::ClientCertificates>& asked) {
  by_host_[host].push_back({claimant, asked});
}

void AskedCertificates::report(Complaints& complaints) const {
  for (const auto& [host, all] : by_host_) {
    const bool is_asked =
        std::any_of(all.begin(), all.end(), [](const AskedBy& one) { return one.asked; });
    if (!is_asked) continue;
    // All claimants of a namespace may have rules for one host: each is compared with the first.
    const AskedBy& first = all.front();
    const auto other_than_first = std::find_if(
        all.begin(), all.end(), [&](const AskedBy& one) { return one.asked != first.asked; });
    for (const AskedBy& one : all) {
      const AskedBy* const other = one.asked != first.asked        ? &first
                                   : other_than_first == all.end() ? nullptr
                                                                   : &*other_than_first;
      if (other == nullptr) continue;
      const std::string named = "the " + other->claimant.text();
      const std::string said = !one.asked     ? "no certificate, and " + named + " does"
                               : other->asked ? "certificates in another way than " + named
                                              : "certificates, and " + named + " does not";
      complaints.push_back(
          {one.claimant, Severity::warning, "ClientCertificatesDiffer",
           "On " + (host.empty() ? "every host" : host) + " this " + one.claimant.kind() +
               " asks clients for " + said + ". Each holds for the paths of its own " +
               one.claimant.kind() +
               ", where ingress-nginx has one answer for the whole host. Write the same auth-tls "
               "annotations in both if all paths are to be guarded alike."});
    }
  }
}

}  // namespace routing
