#include "base/connection_roll.h"

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

ConnectionRoll::Admission ConnectionRoll::admit(Id id, const std::string& origin) {
  Admission admission;
  const auto known = origins_.find(origin);
  if (known != origins_.end() && known->second.connections >= limits_.per_origin_max) {
    auto leaves = oldest(known->second.strangers);
    if (!leaves) leaves = oldest(known->second.idle);
    admission.leaves = take_off(leaves);
    if (!admission.leaves) return admission;
  } else if (entries_.size() >= limits_.connections_max) {
    admission.leaves = make_room();
    if (!admission.leaves) return admission;
  }
  const auto entry = entries_.emplace(id, Entry{origin, Standing::stranger}).first;
  ++origins_[origin].connections;
  count(id, entry->second, true);
  admission.is_admitted = true;
  return admission;
}

void ConnectionRoll::set_standing(Id id, Standing standing) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.standing == standing) return;
  count(id, found->second, false);
  found->second.standing = standing;
  count(id, found->second, true);
}

void ConnectionRoll::leave(Id id) {
  take_off(id);
}

std::optional<ConnectionRoll::Id> ConnectionRoll::make_room() {
  if (!by_strangers_.empty()) {
    return take_off(oldest(origins_[by_strangers_.rbegin()->second].strangers));
  }
  return take_off(oldest(idle_));
}

std::optional<ConnectionRoll::Id> ConnectionRoll::take_off(std::optional<Id> id) {
  const auto found = id ? entries_.find(*id) : entries_.end();
  if (found == entries_.end()) return std::nullopt;
  count(found->first, found->second, false);
  const auto origin = origins_.find(found->second.origin);
  if (--origin->second.connections == 0) origins_.erase(origin);
  entries_.erase(found);
  return id;
}

}  // namespace base
