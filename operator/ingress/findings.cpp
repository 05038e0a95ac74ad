#include "operator/ingress/findings.h"

#include <utility>

namespace ingress {

void add(std::vector<Summary> summaries, Findings& findings) {
  for (Summary& summary : summaries) {
    const std::string key = summary.ingress->metadata.key().text();
    findings.summaries.insert_or_assign(key, std::make_shared<const Summary>(std::move(summary)));
  }
}

void add(CertificatePlan plan, Findings& findings) {
  routing::put(std::move(plan.complaints), findings.plan_complaints);
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
