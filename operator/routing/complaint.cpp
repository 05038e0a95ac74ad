#include "operator/routing/complaint.h"

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "base/plain_text.h"
#include "kube/event_series.h"

namespace routing {

namespace {

constexpr std::size_t kOfOneReasonMax = 20;

}  // namespace

Complaints bounded(Complaints complaints) {
  std::sort(complaints.begin(), complaints.end());
  complaints.erase(std::unique(complaints.begin(), complaints.end()), complaints.end());
  Complaints kept;
  std::size_t of_one_reason = 0;
  const auto is_like = [](const Complaint& one, const Complaint& other) {
    return std::tie(one.claimant, one.severity, one.reason) ==
           std::tie(other.claimant, other.severity, other.reason);
  };
  for (Complaint& complaint : complaints) {
    of_one_reason = kept.empty() || !is_like(kept.back(), complaint) ? 1 : of_one_reason + 1;
    if (of_one_reason > kOfOneReasonMax) {
      kept.back().stands_for += complaint.stands_for;
      continue;
    }
    complaint.message = kube::shortened(base::without_controls(std::move(complaint.message)),
                                        kube::kEventNoteBytesMax);
    kept.push_back(std::move(complaint));
  }
  return kept;
}

void drop_complaints_in(const std::set<std::string>& namespaces, Complaints& complaints) {
  if (namespaces.empty()) return;
  std::erase_if(complaints, [&namespaces](const Complaint& complaint) {
    return namespaces.count(complaint.claimant.namespace_()) != 0;
  });
}

void put(Complaints sorted, ComplaintsByKey& all) {
  std::map<std::string, Complaints> by_claimant;
  for (Complaint& complaint : sorted) {
    by_claimant[complaint.claimant.text()].push_back(std::move(complaint));
  }
  for (auto& [claimant, to_one] : by_claimant) {
    all.insert_or_assign(claimant, std::make_shared<const Complaints>(std::move(to_one)));
  }
}

}  // namespace routing
