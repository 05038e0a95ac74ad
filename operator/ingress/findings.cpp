#include "operator/ingress/findings.h"

#include <utility>

#include "operator/ingress/owned_ingresses.h"

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

const Summary* summary_of(const routing::ClaimantKey& claimant, const Findings& findings) {
  if (claimant.kind != kIngressKind) return nullptr;
  const auto found = findings.summaries.find(claimant.key.text());
  return found == findings.summaries.end() ? nullptr : found->second.get();
}

kube::ObjectKey key_of(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return {"", text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

}  // namespace ingress
