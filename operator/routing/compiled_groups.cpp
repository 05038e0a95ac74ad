#include "operator/routing/compiled_groups.h"

namespace routing {

void CompiledGroups::add(CompiledGroup group) {
  const GroupId id = ++last_id_;
  if (group.next_expiry) expiries_.emplace(*group.next_expiry, id);
  for (const NamedOutside& name : group.external_names) {
    std::size_t& users = external_name_users_[name];
    external_names_before_.note(name, users != 0);
    ++users;
  }
  group.config = config_.add(std::move(group.config));
  owners_.add(group.owners);
  served_.add(group.served_hosts);
  const CompiledGroup& kept = groups_.emplace(id, std::move(group)).first->second;
  for (const ClaimantKey& member : kept.members) group_of_.insert(Membership{&member, id});
}

std::optional<CompiledGroup> CompiledGroups::remove(const ClaimantKey& member) {
  const Membership* const found = group_of_.find(member);
  if (found == nullptr) return std::nullopt;
  const GroupId id = found->group;
  const auto at = groups_.find(id);
  // Its keys stay where they are, which memberships point to.
  CompiledGroup group = std::move(at->second);
  groups_.erase(at);
  for (const ClaimantKey& one : group.members) group_of_.erase(one);
  config_.remove(group.config);
  owners_.remove(group.owners);
  served_.remove(group.served_hosts);
  if (group.next_expiry) expiries_.erase({*group.next_expiry, id});
  for (const NamedOutside& name : group.external_names) {
    external_names_before_.note(name, true);
    const auto users = external_name_users_.find(name);
    if (--users->second == 0) external_name_users_.erase(users);
  }
  return group;
}

const std::vector<ClaimantKey>* CompiledGroups::find(const ClaimantKey& member) const {
  const Membership* const found = group_of_.find(member);
  return found == nullptr ? nullptr : &groups_.at(found->group).members;
}

std::set<ClaimantKey> CompiledGroups::expired(base::WallTime now) const {
  std::set<ClaimantKey> members;
  for (auto next = expiries_.begin(); next != expiries_.end() && next->first <= now; ++next) {
    const std::vector<ClaimantKey>& all = groups_.at(next->second).members;
    members.insert(all.begin(), all.end());
  }
  return members;
}

std::set<NamedOutside> CompiledGroups::external_names() const {
  std::set<NamedOutside> names;
  for (const auto& [name, users] : external_name_users_) names.insert(names.end(), name);
  return names;
}

}  // namespace routing
