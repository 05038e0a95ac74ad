#include "operator/routing/complaint_log.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "kube/event_recorder.h"
#include "kube/event_series.h"

namespace routing {

namespace {

constexpr std::size_t kToldInFullMax = 3;
constexpr std::size_t kRoomForTheRest = 64;  // for how many more there are

void bring_forward(std::optional<base::SteadyTime>& next, base::SteadyTime at) {
  next = next ? std::min(*next, at) : at;
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

std::optional<base::SteadyTime> ComplaintLog::update(const ComplaintsByKey& routes,
                                                     const ComplaintsByKey& certificates,
                                                     base::SteadyTime now, const Tell& tell) {
  std::set<const Complaint*> left;
  follow(routes_, routes, now, left);
  follow(certificates_, certificates, now, left);
  routes_ = routes;
  certificates_ = certificates;
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
      bring_forward(next, now + kube::kTellAgain);
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

void ComplaintLog::follow(const ComplaintsByKey& before, const ComplaintsByKey& now,
                          base::SteadyTime time, std::set<const Complaint*>& left) {
  const auto is_pending = [](const Complaint& complaint) {
    return complaint.severity == Severity::pending;
  };
  ComplaintsByKey::visit_differences(
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

}  // namespace routing
