#include "base/connection_roll.h"

#include <cassert>

namespace base {
namespace {

std::optional<std::uint64_t> oldest(const std::set<std::uint64_t>& ids) {
  if (ids.empty()) return std::nullopt;
  return *ids.begin();
}

}  // namespace

// The one place that keeps the indexes in step with the entries.
void ConnectionRoll::count(Id id, const Entry& entry, bool is_added) {
  Origin& origin = origins_[entry.origin];
  if (entry.standing == Standing::stranger) {
    by_strangers_.erase({origin.strangers.size(), entry.origin});
    if (is_added) {
      origin.strangers.insert(id);
    } else {
      origin.strangers.erase(id);
    }
    if (!origin.strangers.empty()) {
      by_strangers_.insert({origin.strangers.size(), entry.origin});
    }
  } else if (entry.standing == Standing::idle) {
    if (is_added) {
      origin.idle.insert(id);
      idle_.insert(id);
    } else {
      origin.idle.erase(id);
      idle_.erase(id);
    }
  }
}

bool ConnectionRoll::is_full(const std::string& origin) const {
  const auto known = origins_.find(origin);
  return known != origins_.end() && known->second.connections >= limits_.per_origin_max;
}

bool ConnectionRoll::has_place_for(const std::string& origin) const {
  return !is_full(origin) && entries_.size() < limits_.connections_max;
}

std::optional<ConnectionRoll::Id> ConnectionRoll::leaver_for(const std::string& origin) const {
  if (!is_full(origin)) return leaver();
  const Origin& own = origins_.at(origin);
  return own.strangers.empty() ? oldest(own.idle) : oldest(own.strangers);
}

std::optional<ConnectionRoll::Id> ConnectionRoll::leaver() const {
  if (by_strangers_.empty()) return oldest(idle_);
  return oldest(origins_.at(by_strangers_.rbegin()->second).strangers);
}

void ConnectionRoll::admit(Id id, const std::string& origin) {
  assert(has_place_for(origin));
  const auto entry = entries_.emplace(id, Entry{origin, Standing::stranger}).first;
  ++origins_[origin].connections;
  count(id, entry->second, true);
}

void ConnectionRoll::set_standing(Id id, Standing standing) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.standing == standing) return;
  count(id, found->second, false);
  found->second.standing = standing;
  count(id, found->second, true);
}

void ConnectionRoll::leave(Id id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  count(id, found->second, false);
  const auto origin = origins_.find(found->second.origin);
  if (--origin->second.connections == 0) origins_.erase(origin);
  entries_.erase(found);
}

bool ConnectionRoll::is_busy(Id id) const {
  const auto found = entries_.find(id);
  return found != entries_.end() && found->second.standing == Standing::busy;
}

}  // namespace base
