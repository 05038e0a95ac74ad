#include "operator/ingress/complaint_log.h"

#include <algorithm>
#include <tuple>

#include "kube/event_series.h"
#include "operator/ingress/joined.h"

namespace ingress {

namespace {

// Longer than it takes to write what waits before it, so that it is not offered in a circle.
constexpr std::chrono::seconds kTellAgain{1};
constexpr std::size_t kToldInFullMax = 3;
constexpr std::size_t kRoomForTheRest = 64;  // for how many more there are

void bring_forward(std::optional<base::SteadyTime>& next, base::SteadyTime at) {
  next = next ? std::min(*next, at) : at;
}

// One for all of them; they have one Ingress and one reason.
Complaint told_as_one(const std::vector<const Complaint*>& news) {
  constexpr std::size_t kRoom = kube::kEventNoteBytesMax - kRoomForTheRest;
  Complaint one = *news.front();
  if (news.size() > 1 || one.stands_for > 1) one.message = kube::shortened(one.message, kRoom);
  std::size_t shown = 1;
  for (; shown < std::min(news.size(), kToldInFullMax); ++shown) {
    const std::string& more = news[shown]->message;
    // A sentence that is cut is less than one that is counted.
    if (one.message.size() + more.size() + 1 > kRoom) break;
    one.message += " " + more;
  }
  std::size_t all = 0;
  for (const Complaint* complaint : news) all += complaint->stands_for;
  one.stands_for = all;
  if (all > shown) one.message += " (and " + std::to_string(all - shown) + " more of this kind)";
  return one;
}

}  // namespace

std::optional<base::SteadyTime> ComplaintLog::update(const Complaints& standing,
                                                     base::SteadyTime now, const Tell& tell) {
  std::map<Complaint, Entry> entries;
  std::optional<base::SteadyTime> next;
  // A reminder repeats what was said, so that it counts in the same Event: it is not mixed with
  // news.
  std::map<std::tuple<Telling, kube::ObjectKey, Severity, std::string>,
           std::vector<const Complaint*>>
      due;
  for (const Complaint& complaint : standing) {
    if (complaint.severity == Severity::pending) continue;
    const auto known = entries_.find(complaint);
    const Entry entry = known == entries_.end() ? Entry{now, {}} : known->second;
    entries.emplace(complaint, entry);
    const auto at = due_at(complaint, entry);
    if (!at) continue;
    if (*at > now) {
      bring_forward(next, *at);
      continue;
    }
    const Telling telling = entry.told ? Telling::reminder : Telling::news;
    due[{telling, complaint.ingress, complaint.severity, complaint.reason}].push_back(&complaint);
  }
  entries_ = std::move(entries);
  for (const auto& [reason, complaints] : due) {
    if (!tell(told_as_one(complaints), std::get<Telling>(reason))) {
      bring_forward(next, now + kTellAgain);
      continue;
    }
    for (const Complaint* complaint : complaints) {
      Entry& entry = entries_.at(*complaint);
      entry.told = now;
      if (const auto again = due_at(*complaint, entry)) bring_forward(next, *again);
    }
  }
  return next;
}

// Nothing: all is said.
std::optional<base::SteadyTime> ComplaintLog::due_at(const Complaint& complaint,
                                                     const Entry& entry) const {
  if (!entry.told) return entry.since + settling_;
  if (complaint.severity != Severity::warning) return std::nullopt;
  return *entry.told + kReminded;
}

bool is_served_in_full(const Summary& summary) {
  return summary.paths_served > 0 && summary.paths_closed == 0 && summary.tls_missing.empty() &&
         summary.hosts_denied.empty();
}

std::optional<base::SteadyTime> ProgrammedLog::update(const std::vector<Summary>& summaries,
                                                      base::SteadyTime now, const Tell& tell) {
  std::map<kube::ObjectKey, Served> served;
  std::optional<base::SteadyTime> next;
  for (const Summary& summary : summaries) {
    if (!is_served_in_full(summary)) continue;
    const kube::ObjectMeta& metadata = summary.ingress->metadata;
    const Served one{metadata.uid, metadata.generation};
    const auto before = served_.find(metadata.key());
    const bool is_news = has_looked_ && (before == served_.end() || before->second != one);
    if (is_news && !tell(summary)) {
      bring_forward(next, now + kTellAgain);
      continue;
    }
    served.emplace(metadata.key(), one);
  }
  served_ = std::move(served);
  has_looked_ = true;
  return next;
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
