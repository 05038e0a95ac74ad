#include "operator/control/review_queue.h"

#include <algorithm>
#include <utility>

namespace control {

namespace {

// Of at most a few hundred, so they are looked through.
template <typename Origins>
auto find_origin(Origins& origins, const std::string& name) {
  return std::find_if(origins.begin(), origins.end(),
                      [&](const auto& one) { return one.name == name; });
}

template <typename Addresses>
auto find_address(Addresses& addresses, const std::string& text) {
  return std::find_if(addresses.begin(), addresses.end(),
                      [&](const auto& one) { return one.text == text; });
}

template <typename Parts>
auto largest(Parts& parts) {
  return std::max_element(parts.begin(), parts.end(),
                          [](const auto& a, const auto& b) { return a.size() < b.size(); });
}

// It has more afterwards than the one that it made room for, or two would push out each other.
bool makes_room(std::size_t size, std::size_t for_size) {
  return size > for_size + 1;
}

}  // namespace

// ---- Lane

ReviewQueue::Added ReviewQueue::Lane::add(Ticket ticket, const Caller& caller) {
  const auto present = find_origin(origins_, caller.origin);
  const std::size_t of_origin = present == origins_.end() ? 0 : present->size();
  Added added;
  if (size_ >= limits_.waiting_max || of_origin >= limits_.per_origin_max) {
    added.made_room = make_room(caller);
    if (!added.made_room) return added;
  }
  auto origin = find_origin(origins_, caller.origin);
  if (origin == origins_.end()) origin = origins_.insert(origins_.end(), {caller.origin, {}, 0});
  auto& addresses = origin->addresses;
  auto address = find_address(addresses, caller.address);
  if (address == addresses.end()) {
    address = addresses.insert(addresses.end(), {caller.address, {}});
  }
  address->tickets.push_back(ticket);
  ++origin->tickets;
  ++size_;
  added.has_place = true;
  return added;
}

// The newest of the largest origin's largest address, where that is more than the caller has.
std::optional<ReviewQueue::Ticket> ReviewQueue::Lane::make_room(const Caller& caller) {
  const auto own = find_origin(origins_, caller.origin);
  const std::size_t of_origin = own == origins_.end() ? 0 : own->size();
  const auto other = largest(origins_);
  if (other == origins_.end()) return std::nullopt;
  const bool may_grow = of_origin < limits_.per_origin_max;
  if (may_grow && makes_room(other->size(), of_origin)) return take_newest(other);
  if (own == origins_.end()) return std::nullopt;
  // All others have no more than its own origin, or this one has its share.
  const auto same = find_address(own->addresses, caller.address);
  const std::size_t of_address = same == own->addresses.end() ? 0 : same->size();
  if (!makes_room(largest(own->addresses)->size(), of_address)) return std::nullopt;
  return take_newest(own);
}

ReviewQueue::Ticket ReviewQueue::Lane::take_newest(std::list<Origin>::iterator origin) {
  const auto address = largest(origin->addresses);
  const Ticket ticket = address->tickets.back();
  drop(ticket);
  return ticket;
}

void ReviewQueue::Lane::drop(Ticket ticket) {
  for (auto origin = origins_.begin(); origin != origins_.end(); ++origin) {
    for (auto address = origin->addresses.begin(); address != origin->addresses.end(); ++address) {
      const auto removed = address->tickets.remove(ticket);
      if (removed == 0) continue;
      size_ -= removed;
      origin->tickets -= removed;
      if (address->tickets.empty()) origin->addresses.erase(address);
      if (origin->addresses.empty()) origins_.erase(origin);
      return;
    }
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
  Address address = std::move(origin.addresses.front());
  origin.addresses.pop_front();
  const Ticket ticket = address.tickets.front();
  address.tickets.pop_front();
  --origin.tickets;
  --size_;
  if (!address.tickets.empty()) origin.addresses.push_back(std::move(address));
  if (!origin.addresses.empty()) origins_.push_back(std::move(origin));
  return ticket;
}

// ---- ReviewQueue

ReviewQueue::Added ReviewQueue::add(Ticket ticket, const Caller& caller, base::SteadyTime now) {
  const auto known = known_.find(caller.origin);
  const bool is_known = known != known_.end() && known->second > now;
  return (is_known ? proxies_ : strangers_).add(ticket, caller);
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
