#include "operator/ingress/complaint_log.h"

#include <algorithm>

#include "operator/ingress/joined.h"

namespace ingress {

ComplaintLog::Due ComplaintLog::update(const Complaints& standing, base::SteadyTime now) {
  std::map<Complaint, Entry> entries;
  Due due;
  for (const Complaint& complaint : standing) {
    if (complaint.severity == Severity::pending) continue;
    const auto known = entries_.find(complaint);
    Entry entry = known == entries_.end() ? Entry{now} : known->second;
    const base::SteadyTime ready = entry.since + settling_;
    if (!entry.is_told && ready <= now) {
      entry.is_told = true;
      due.news.push_back(complaint);
    } else if (!entry.is_told) {
      due.next = due.next ? std::min(*due.next, ready) : ready;
    }
    entries.emplace(complaint, entry);
  }
  entries_ = std::move(entries);
  return due;
}

bool is_served_in_full(const Summary& summary) {
  return summary.paths_served > 0 && summary.paths_closed == 0 && summary.tls_missing.empty();
}

std::vector<const Summary*> ProgrammedLog::update(const std::vector<Summary>& summaries) {
  std::map<kube::ObjectKey, Served> served;
  std::vector<const Summary*> news;
  for (const Summary& summary : summaries) {
    if (!is_served_in_full(summary)) continue;
    const kube::ObjectMeta& metadata = summary.ingress->metadata;
    const Served now{metadata.uid, metadata.generation};
    const auto before = served_.find(metadata.key());
    if (has_looked_ && (before == served_.end() || before->second != now)) {
      news.push_back(&summary);
    }
    served.emplace(metadata.key(), now);
  }
  served_ = std::move(served);
  has_looked_ = true;
  return news;
}

std::string served_text(const Summary& summary) {
  std::vector<std::string> hosts = summary.hosts;
  std::replace(hosts.begin(), hosts.end(), std::string(), std::string("every host"));
  std::string text = std::to_string(summary.paths_served) +
                     (summary.paths_served == 1 ? " path on " : " paths on ") + joined(hosts);
  if (!summary.tls_names.empty()) text += ", with TLS for " + joined(summary.tls_names);
  return text;
}

}  // namespace ingress
