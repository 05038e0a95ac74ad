#include "operator/routing/claimant_uses.h"

#include "operator/routing/remove_from.h"

namespace routing {
namespace {

template <class Map>
const ClaimantUses::Members& users_in(const Map& map, const typename Map::key_type& name) {
  static const ClaimantUses::Members kNobody{};
  const auto found = map.find(name);
  return found == map.end() ? kNobody : found->second;
}

std::set<kube::ObjectKey> names_in(const std::map<kube::ObjectKey, ClaimantUses::Members>& map) {
  std::set<kube::ObjectKey> names;
  for (const auto& [name, users] : map) names.insert(names.end(), name);
  return names;
}

}  // namespace

void ClaimantUses::put(const ClaimantKey& claimant, const Uses& uses) {
  for (const kube::ObjectKey& service : uses.services) {
    by_service_.add(hash_of(service), claimant);
  }
  for (const kube::ObjectKey& secret : uses.tls_secrets) {
    by_tls_secret_.add(hash_of(secret), claimant);
  }
  for (const kube::ObjectKey& secret : uses.auth_secrets) {
    auth_secrets_before_.note(secret, by_auth_secret_.count(secret) != 0);
    by_auth_secret_[secret].insert(claimant);
  }
  for (const kube::ObjectKey& map : uses.field_maps) {
    field_maps_before_.note(map, by_field_map_.count(map) != 0);
    by_field_map_[map].insert(claimant);
  }
  for (const std::string& name : uses.outside) by_outside_[name].insert(claimant);
  if (!uses.uid.empty()) by_uid_.add(hash_of(uses.uid), claimant);
}

void ClaimantUses::erase(const ClaimantKey& claimant, const Uses& uses) {
  for (const kube::ObjectKey& service : uses.services) {
    by_service_.remove(hash_of(service), claimant);
  }
  for (const kube::ObjectKey& secret : uses.tls_secrets) {
    by_tls_secret_.remove(hash_of(secret), claimant);
  }
  for (const kube::ObjectKey& secret : uses.auth_secrets) {
    auth_secrets_before_.note(secret, true);
    remove_from(by_auth_secret_, secret, claimant);
  }
  for (const kube::ObjectKey& map : uses.field_maps) {
    field_maps_before_.note(map, true);
    remove_from(by_field_map_, map, claimant);
  }
  for (const std::string& name : uses.outside) remove_from(by_outside_, name, claimant);
  if (!uses.uid.empty()) by_uid_.remove(hash_of(uses.uid), claimant);
}

ClaimantUses::Members ClaimantUses::of_service(const kube::ObjectKey& service) const {
  return by_service_.find(hash_of(service));
}

ClaimantUses::Members ClaimantUses::of_tls_secret(const kube::ObjectKey& secret) const {
  return by_tls_secret_.find(hash_of(secret));
}

ClaimantUses::Members ClaimantUses::with_uid(const std::string& uid) const {
  return by_uid_.find(hash_of(uid));
}

const ClaimantUses::Members& ClaimantUses::of_auth_secret(const kube::ObjectKey& secret) const {
  return users_in(by_auth_secret_, secret);
}

const ClaimantUses::Members& ClaimantUses::of_field_map(const kube::ObjectKey& map) const {
  return users_in(by_field_map_, map);
}

const ClaimantUses::Members& ClaimantUses::of_outside(const std::string& name) const {
  return users_in(by_outside_, name);
}

std::set<kube::ObjectKey> ClaimantUses::auth_secrets() const {
  return names_in(by_auth_secret_);
}

std::set<kube::ObjectKey> ClaimantUses::field_maps() const {
  return names_in(by_field_map_);
}

ClaimantUses::Changed ClaimantUses::take_changed() {
  return {auth_secrets_before_.end(by_auth_secret_), field_maps_before_.end(by_field_map_)};
}

}  // namespace routing
