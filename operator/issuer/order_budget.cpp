#include "operator/issuer/order_budget.h"

#include <algorithm>

namespace issuer {

bool OrderBudget::has_room(const Place& place, base::SteadyTime now) const {
  const auto is_moving = [now](const auto& entry) { return now - entry.second < kMovesWithin; };
  const auto moving = std::count_if(place.moved_at.begin(), place.moved_at.end(), is_moving);
  return static_cast<std::size_t>(moving) < limits_.moving && place.moved_at.size() < limits_.all;
}

bool OrderBudget::has_room_for(const Place& place, const std::string& namespace_) const {
  // Keys are sorted by namespace.
  const auto first = place.moved_at.lower_bound({namespace_, ""});
  const auto is_another = [&](const auto& entry) { return entry.first.namespace_ != namespace_; };
  const auto last = std::find_if(first, place.moved_at.end(), is_another);
  return static_cast<std::size_t>(std::distance(first, last)) < limits_.of_a_namespace;
}

void OrderBudget::Place::stand(const kube::ObjectKey& certificate) {
  if (!in_line.insert(certificate).second) return;
  lines[certificate.namespace_].push_back(certificate);
}

void OrderBudget::Place::leave_line(const kube::ObjectKey& certificate) {
  if (in_line.erase(certificate) == 0) return;
  const auto line = lines.find(certificate.namespace_);
  std::erase(line->second, certificate);
  if (line->second.empty()) lines.erase(line);
}

// Round the namespaces, beginning behind the one that was called last.
std::optional<kube::ObjectKey> OrderBudget::next_in_line(const Place& place) const {
  auto line = place.lines.upper_bound(place.last_called);
  for (std::size_t i = 0; i < place.lines.size(); ++i, ++line) {
    if (line == place.lines.end()) line = place.lines.begin();
    if (has_room_for(place, line->first)) return line->second.front();
  }
  return std::nullopt;
}

std::vector<kube::ObjectKey> OrderBudget::call(Place& place, base::SteadyTime now) const {
  std::vector<kube::ObjectKey> called;
  while (has_room(place, now)) {
    const auto next = next_in_line(place);
    if (!next) break;
    place.leave_line(*next);
    place.moved_at[*next] = now;
    place.last_called = next->namespace_;
    called.push_back(*next);
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
  place.leave_line(certificate);
  const auto next = call(place, now);
  called.insert(called.end(), next.begin(), next.end());
  if (place.is_empty()) places_.erase(found);
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
    if (place.moved_at.count(certificate) == 0) place.stand(certificate);
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
    place.leave_line(certificate);
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
