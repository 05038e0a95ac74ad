#include "operator/ingress/complaint_log.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "kube/event_series.h"
#include "operator/ingress/annotations/policies_in_force.h"
#include "operator/ingress/annotations/source.h"
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

// The annotations that say how an Ingress is served; a change of them leaves its generation.
std::map<std::string_view, std::string_view> policies_said(const kube::Ingress& ingress) {
  std::map<std::string_view, std::string_view> said;
  for (const auto& [name, value] : ingress.metadata.annotations) {
    if (name.starts_with(annotations::kOwnPrefix) || name.starts_with(annotations::kNginxPrefix)) {
      said.emplace(name, value);
    }
  }
  return said;
}

bool ask_for_the_same(const kube::Ingress& one, const kube::Ingress& other) {
  if (&one == &other) return true;
  return one.metadata.uid == other.metadata.uid &&
         one.metadata.generation == other.metadata.generation &&
         policies_said(one) == policies_said(other);
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
  decltype(served_) served;
  std::optional<base::SteadyTime> next;
  for (const Summary& summary : summaries) {
    if (!is_served_in_full(summary)) continue;
    const kube::ObjectKey key = summary.ingress->metadata.key();
    const auto before = served_.find(key);
    const bool is_news = has_looked_ && (before == served_.end() ||
                                         !ask_for_the_same(*before->second, *summary.ingress));
    if (is_news && !tell(summary)) {
      bring_forward(next, now + kTellAgain);
      continue;
    }
    served.emplace(key, summary.ingress);
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
  if (!summary.tls_names.empty()) {
    std::vector<std::string> secrets;
    for (const kube::IngressTls& tls : summary.ingress->tls) {
      const bool is_known =
          std::find(secrets.begin(), secrets.end(), tls.secret_name) != secrets.end();
      if (!tls.secret_name.empty() && !is_known) secrets.push_back(tls.secret_name);
    }
    text += ", with TLS for " + joined(summary.tls_names);
    if (!secrets.empty()) {
      text += (secrets.size() == 1 ? " (Secret " : " (Secrets ") + joined(secrets) + ")";
    }
  }
  const std::vector<std::string> policies = annotations::policies_in_force(*summary.ingress);
  // All of them: what guards must not be among those that were left out.
  for (std::size_t i = 0; i < policies.size(); ++i) {
    text += (i == 0 ? ", with " : ", ") + policies[i];
  }
  return text;
}

}  // namespace ingress
