#include "operator/issuer/order_budget.h"

#include <algorithm>

namespace issuer {

bool OrderBudget::has_room(const Place& place, base::SteadyTime now) const {
  const auto is_moving = [now](const auto& entry) { return now - entry.second < kMovesWithin; };
  const auto moving = std::count_if(place.moved_at.begin(), place.moved_at.end(), is_moving);
  return static_cast<std::size_t>(moving) < limits_.moving && place.moved_at.size() < limits_.all;
}

std::vector<kube::ObjectKey> OrderBudget::call(Place& place, base::SteadyTime now) const {
  std::vector<kube::ObjectKey> called;
  while (!place.line.empty() && has_room(place, now)) {
    const kube::ObjectKey first = place.line.front();
    place.line.pop_front();
    place.in_line.erase(first);
    place.moved_at[first] = now;
    called.push_back(first);
  }
  return called;
}

void OrderBudget::leave(const kube::ObjectKey& certificate, base::SteadyTime now,
                        std::vector<kube::ObjectKey>& called) {
  const auto known = issuers_.find(certificate);
  if (known == issuers_.end()) return;
  const auto found = places_.find(known->second);
  Place& place = found->second;
  place.moved_at.erase(certificate);
  if (place.in_line.erase(certificate) != 0) std::erase(place.line, certificate);
  const auto next = call(place, now);
  called.insert(called.end(), next.begin(), next.end());
  if (place.moved_at.empty() && place.line.empty()) places_.erase(found);
  issuers_.erase(known);
}

bool OrderBudget::admit(const std::string& issuer, const kube::ObjectKey& certificate,
                        base::SteadyTime now) {
  std::vector<kube::ObjectKey> called;
  bool is_admitted = false;
  {
    const std::lock_guard lock(mutex_);
    const auto known = issuers_.find(certificate);
    if (known != issuers_.end() && known->second != issuer) leave(certificate, now, called);
    issuers_[certificate] = issuer;
    Place& place = places_[issuer];
    const bool has_place = place.moved_at.count(certificate) != 0;
    if (!has_place && place.in_line.insert(certificate).second) place.line.push_back(certificate);
    // Also those before it: one of those under way may have come to a stand since.
    const auto next = call(place, now);
    called.insert(called.end(), next.begin(), next.end());
    is_admitted = place.moved_at.count(certificate) != 0;
  }
  std::erase(called, certificate);
  wake(called);
  return is_admitted;
}

void OrderBudget::hold(const std::string& issuer, const kube::ObjectKey& certificate,
                       base::SteadyTime moved_at) {
  std::vector<kube::ObjectKey> called;
  {
    const std::lock_guard lock(mutex_);
    const auto known = issuers_.find(certificate);
    if (known != issuers_.end() && known->second != issuer) leave(certificate, moved_at, called);
    issuers_[certificate] = issuer;
    Place& place = places_[issuer];
    if (place.in_line.erase(certificate) != 0) std::erase(place.line, certificate);
    place.moved_at[certificate] = moved_at;
  }
  wake(called);
}

void OrderBudget::release(const kube::ObjectKey& certificate, base::SteadyTime now) {
  std::vector<kube::ObjectKey> called;
  {
    const std::lock_guard lock(mutex_);
    leave(certificate, now, called);
  }
  wake(called);
}

void OrderBudget::wake(const std::vector<kube::ObjectKey>& called) const {
  if (!wake_) return;
  for (const kube::ObjectKey& certificate : called) wake_(certificate);
}

}  // namespace issuer
