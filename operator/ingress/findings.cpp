#include "operator/ingress/findings.h"

#include <map>
#include <utility>

namespace ingress {

using routing::Complaint;
using routing::Complaints;

void add(std::vector<Summary> summaries, Findings& findings) {
  for (Summary& summary : summaries) {
    const std::string key = summary.ingress->metadata.key().text();
    findings.summaries.insert_or_assign(key, std::make_shared<const Summary>(std::move(summary)));
  }
}

void add(Complaints sorted, Findings::ByKey<Complaints>& complaints) {
  std::map<std::string, Complaints> by_ingress;
  for (Complaint& complaint : sorted) {
    by_ingress[complaint.claimant.key().text()].push_back(std::move(complaint));
  }
  for (auto& [ingress, about_it] : by_ingress) {
    complaints.insert_or_assign(ingress, std::make_shared<const Complaints>(std::move(about_it)));
  }
}

void add(CertificatePlan plan, Findings& findings) {
  add(std::move(plan.complaints), findings.plan_complaints);
  for (auto& [key, apply] : plan.apply) {
    findings.apply.insert_or_assign(
        key.text(), std::make_shared<const CertificatePlan::Apply>(std::move(apply)));
  }
  for (auto& [key, remove] : plan.remove) {
    findings.remove.insert_or_assign(
        key.text(), std::make_shared<const CertificatePlan::Remove>(std::move(remove)));
  }
}

kube::ObjectKey key_of(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return {"", text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

}  // namespace ingress
