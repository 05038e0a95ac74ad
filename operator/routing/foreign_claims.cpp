#include "operator/routing/foreign_claims.h"

#include <vector>

#include "operator/routing/joined.h"

namespace routing {
namespace {

constexpr const char* kRemedy =
    "Use a host of your own, or let the owner name a Service in its own namespace; whoever runs "
    "the operator may let namespaces share hosts (--shared-hosts).";

std::string text_of(const std::set<std::string>& hosts) {
  std::vector<std::string> texts(hosts.begin(), hosts.end());
  for (std::string& text : texts) {
    if (text.empty()) text = "every other host";
  }
  return joined(texts);
}

}  // namespace

void ForeignClaims::add(const Claimant& owner, const Claimant& by, const std::string& host) {
  by_claimant_[{by, owner}].insert(host);
  by_owner_[{owner, by.namespace_()}].insert(host);
}

void ForeignClaims::report(bool hosts_may_be_shared, Complaints& complaints) const {
  if (hosts_may_be_shared) {
    report_shared(complaints);
  } else {
    report_refused(complaints);
  }
}

void ForeignClaims::report_refused(Complaints& complaints) const {
  for (const auto& [pair, hosts] : by_claimant_) {
    const auto& [by, owner] = pair;
    complaints.push_back({by, Severity::warning, "HostNotOwned",
                          "What this " + by.kind() + " says about " + text_of(hosts) +
                              " is left out: the owner is namespace " + owner.namespace_() +
                              ", whose " + owner.text() + " is the oldest with a rule for it. " +
                              kRemedy});
  }
  for (const auto& [pair, hosts] : by_owner_) {
    const auto& [owner, namespace_] = pair;
    complaints.push_back(
        {owner, Severity::note, "HostAskedFor",
         "Namespace " + namespace_ + " has rules or tls entries for " + text_of(hosts) +
             ", too; they are left out, as the owner is namespace " + owner.namespace_() + "."});
  }
}

void ForeignClaims::report_shared(Complaints& complaints) const {
  for (const auto& [pair, hosts] : by_claimant_) {
    const auto& [by, owner] = pair;
    complaints.push_back({by, Severity::note, "HostShared",
                          "Namespace " + owner.namespace_() + " was first with a rule for " +
                              text_of(hosts) + " (" + owner.text() +
                              "), and the operator was told that namespaces may share hosts: of "
                              "two that say the same the older " +
                              owner.kind() + " counts."});
  }
  for (const auto& [pair, hosts] : by_owner_) {
    const auto& [owner, namespace_] = pair;
    complaints.push_back({owner, Severity::note, "HostShared",
                          "Namespace " + namespace_ + " has rules or tls entries for " +
                              text_of(hosts) +
                              ", too, and they count: the operator was told that namespaces may "
                              "share hosts."});
  }
}

}  // namespace routing
