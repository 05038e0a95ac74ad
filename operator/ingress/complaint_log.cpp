#include "operator/ingress/complaint_log.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "kube/event_series.h"
#include "operator/ingress/annotations/class_defaults.h"
#include "operator/ingress/annotations/policies_in_force.h"
#include "operator/ingress/annotations/source.h"
#include "operator/routing/joined.h"

namespace ingress {

namespace {

using routing::Claimant;
using routing::Complaint;
using routing::Complaints;
using routing::joined;
using routing::Severity;

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
    const bool says_something = name.starts_with(annotations::kOwnPrefix) ||
                                name.starts_with(annotations::kNginxPrefix) ||
                                name.starts_with(annotations::kClassPrefix);
    if (says_something) said.emplace(name, value);
  }
  return said;
}

bool ask_for_the_same(const kube::Ingress& one, const kube::Ingress& other) {
  if (&one == &other) return true;
  return one.metadata.uid == other.metadata.uid &&
         one.metadata.generation == other.metadata.generation &&
         policies_said(one) == policies_said(other);
}

// One for all of them; they have one claimant and one reason.
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

std::optional<base::SteadyTime> ComplaintLog::update(const Findings& findings, base::SteadyTime now,
                                                     const Tell& tell) {
  std::set<const Complaint*> left;
  follow(complaints_, findings.complaints, now, left);
  follow(plan_complaints_, findings.plan_complaints, now, left);
  complaints_ = findings.complaints;
  plan_complaints_ = findings.plan_complaints;
  for (const Complaint* const complaint : left) {
    const auto entry = entries_.find(*complaint);
    if (entry->second.standing != 0) continue;
    schedule(*entry, std::nullopt);
    entries_.erase(entry);
  }

  std::optional<base::SteadyTime> next;
  // A reminder repeats what was said, so that it counts in the same Event: it is not mixed with
  // news.
  std::map<std::tuple<Telling, Claimant, Severity, std::string>, std::vector<const Complaint*>> due;
  for (const auto& [at, complaint] : due_) {
    if (at > now) {
      bring_forward(next, at);
      break;
    }
    const Telling telling = entries_.at(*complaint).told ? Telling::reminder : Telling::news;
    due[{telling, complaint->claimant, complaint->severity, complaint->reason}].push_back(
        complaint);
  }
  for (auto& [reason, complaints] : due) {
    std::sort(complaints.begin(), complaints.end(),
              [](const Complaint* a, const Complaint* b) { return *a < *b; });
    if (!tell(told_as_one(complaints), std::get<Telling>(reason))) {
      bring_forward(next, now + kTellAgain);
      continue;
    }
    for (const Complaint* complaint : complaints) {
      auto& entry = *entries_.find(*complaint);
      entry.second.told = now;
      schedule(entry, due_at(entry.first, entry.second));
      if (entry.second.due) bring_forward(next, *entry.second.due);
    }
  }
  return next;
}

void ComplaintLog::follow(const ByIngress& before, const ByIngress& now, base::SteadyTime time,
                          std::set<const Complaint*>& left) {
  const auto is_pending = [](const Complaint& complaint) {
    return complaint.severity == Severity::pending;
  };
  ByIngress::visit_differences(
      before, now, [&](const std::string&, const auto* gone, const auto* come) {
        for (const Complaint& complaint : come != nullptr ? **come : Complaints{}) {
          if (is_pending(complaint)) continue;
          const auto [entry, is_new] = entries_.try_emplace(complaint, Entry{time, {}, {}});
          ++entry->second.standing;
          if (is_new) schedule(*entry, due_at(entry->first, entry->second));
        }
        for (const Complaint& complaint : gone != nullptr ? **gone : Complaints{}) {
          if (is_pending(complaint)) continue;
          const auto entry = entries_.find(complaint);
          --entry->second.standing;
          left.insert(&entry->first);
        }
      });
}

void ComplaintLog::schedule(Entries::value_type& entry, std::optional<base::SteadyTime> due) {
  if (entry.second.due) due_.erase({*entry.second.due, &entry.first});
  entry.second.due = due;
  if (due) due_.emplace(*due, &entry.first);
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

// What its class says is told where it changes what is in force for the Ingress: most of it does so
// for few.
bool ProgrammedLog::is_known(const Told& told, const Summary& now) {
  if (!ask_for_the_same(*told.ingress, *now.ingress)) return false;
  if (told.parameters == now.parameters) return true;
  return annotations::policies_in_force(*told.ingress, {"", told.parameters}) ==
         annotations::policies_in_force(*now.ingress, {"", now.parameters});
}

std::optional<base::SteadyTime> ProgrammedLog::update(const Findings& findings,
                                                      base::SteadyTime now, const Tell& tell,
                                                      bool is_live) {
  if (!is_live) return std::nullopt;
  Findings::ByKey<Summary>::visit_differences(
      summaries_, findings.summaries,
      [this](const std::string& key, const auto*, const auto* summary) {
        untold_.erase(key);
        if (summary == nullptr || !is_served_in_full(**summary)) {
          served_.erase(key);
          return;
        }
        const auto before = served_.find(key);
        if (has_looked_ && (before == served_.end() || !is_known(before->second, **summary))) {
          served_.erase(key);
          untold_.insert(key);
        } else {
          served_.insert_or_assign(key, Told{(*summary)->ingress, (*summary)->parameters});
        }
      });
  summaries_ = findings.summaries;
  has_looked_ = true;
  std::optional<base::SteadyTime> next;
  for (auto key = untold_.begin(); key != untold_.end();) {
    const Summary& summary = *summaries_.at(*key);
    if (!tell(summary)) {
      bring_forward(next, now + kTellAgain);
      ++key;
      continue;
    }
    served_.emplace(*key, Told{summary.ingress, summary.parameters});
    key = untold_.erase(key);
  }
  return next;
}

std::string served_text(const Summary& summary) {
  std::vector<std::string> hosts = summary.hosts;
  std::replace(hosts.begin(), hosts.end(), std::string(), std::string("every host"));
  std::string text = std::to_string(summary.paths_served) +
                     (summary.paths_served == 1 ? " path on " : " paths on ") + joined(hosts);
  if (!summary.tls_names.empty()) {
    std::vector<std::string> secrets;
    std::set<std::string> known;
    for (const kube::IngressTls& tls : summary.ingress->tls) {
      const bool is_new = !tls.secret_name.empty() && known.insert(tls.secret_name).second;
      if (is_new) secrets.push_back(tls.secret_name);
    }
    text += ", with TLS for " + joined(summary.tls_names);
    if (!secrets.empty()) {
      text += (secrets.size() == 1 ? " (Secret " : " (Secrets ") + joined(secrets) + ")";
    }
  }
  const std::vector<std::string> policies =
      annotations::policies_in_force(*summary.ingress, {"", summary.parameters});
  // All of them: what guards must not be among those that were left out.
  for (std::size_t i = 0; i < policies.size(); ++i) {
    text += (i == 0 ? ", with " : ", ") + policies[i];
  }
  return text;
}

}  // namespace ingress
