#include "operator/control/review_queue.h"

#include <algorithm>
#include <utility>

namespace control {

// ---- Lane

// Of at most a few hundred, so they are looked through.
bool ReviewQueue::Lane::add(Ticket ticket, const std::string& origin) {
  if (size_ >= limits_.waiting_max) return false;
  const auto same = std::find_if(origins_.begin(), origins_.end(),
                                 [&](const Origin& one) { return one.name == origin; });
  if (same == origins_.end()) {
    origins_.push_back({origin, {ticket}});
  } else if (same->tickets.size() < limits_.per_origin_max) {
    same->tickets.push_back(ticket);
  } else {
    return false;
  }
  ++size_;
  return true;
}

void ReviewQueue::Lane::drop(Ticket ticket) {
  for (auto origin = origins_.begin(); origin != origins_.end(); ++origin) {
    const auto removed = origin->tickets.remove(ticket);
    if (removed == 0) continue;
    size_ -= removed;
    if (origin->tickets.empty()) origins_.erase(origin);
    return;
  }
}

double ReviewQueue::Lane::budget_at(base::SteadyTime now) const {
  const std::chrono::duration<double> passed = now - budget_since_;
  return std::min(limits_.burst, budget_ + passed.count() * limits_.per_second);
}

base::SteadyTime ReviewQueue::Lane::next_at(base::SteadyTime now) const {
  if (origins_.empty()) return base::SteadyTime::max();
  const double missing = 1 - budget_at(now);
  if (missing <= 0) return now;
  // Rounded up, so that there is a whole one then.
  return now + std::chrono::ceil<std::chrono::milliseconds>(
                   std::chrono::duration<double>(missing / limits_.per_second));
}

std::optional<ReviewQueue::Ticket> ReviewQueue::Lane::take(base::SteadyTime now) {
  const double budget = budget_at(now);
  if (origins_.empty() || budget < 1) return std::nullopt;
  budget_ = budget - 1;
  budget_since_ = now;
  Origin origin = std::move(origins_.front());
  origins_.pop_front();
  const Ticket ticket = origin.tickets.front();
  origin.tickets.pop_front();
  --size_;
  if (!origin.tickets.empty()) origins_.push_back(std::move(origin));
  return ticket;
}

// ---- ReviewQueue

bool ReviewQueue::add(Ticket ticket, const std::string& origin, base::SteadyTime now) {
  const auto known = known_.find(origin);
  const bool is_known = known != known_.end() && known->second > now;
  return (is_known ? proxies_ : strangers_).add(ticket, origin);
}

void ReviewQueue::drop(Ticket ticket) {
  proxies_.drop(ticket);
  strangers_.drop(ticket);
}

void ReviewQueue::note_known(const std::string& origin, base::SteadyTime now) {
  if (known_.size() >= limits_.known_max && !known_.contains(origin)) {
    std::erase_if(known_, [now](const auto& entry) { return entry.second <= now; });
    if (known_.size() >= limits_.known_max) return;
  }
  known_[origin] = now + limits_.known_for;
}

std::optional<ReviewQueue::Ticket> ReviewQueue::take(base::SteadyTime now) {
  const auto ticket = proxies_.take(now);
  return ticket ? ticket : strangers_.take(now);
}

base::SteadyTime ReviewQueue::next_at(base::SteadyTime now) const {
  return std::min(proxies_.next_at(now), strangers_.next_at(now));
}

}  // namespace control
