#include "tests/fakes/api_server/store.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace fakes::api_server {
namespace {

// Enough for any test; a watcher that is further behind gets 410, as on a busy real server.
constexpr std::size_t changes_kept = 20'000;

std::vector<std::string> owners_of(const Json& object) {
  std::vector<std::string> uids;
  const Json* const owners = field(object, {"metadata", "ownerReferences"});
  if (owners == nullptr || !owners->is_array()) return uids;
  for (const Json& owner : *owners) uids.push_back(text(owner, {"uid"}));
  return uids;
}

template <class Map>
void remove(Map& map, const std::string& name, const Place& place) {
  const auto at = map.find(name);
  if (at == map.end()) return;
  at->second.erase(place);
  if (at->second.empty()) map.erase(at);
}

}  // namespace

Object Store::get(const std::string& storage, const std::string& namespace_,
                  const std::string& name) const {
  const auto objects = objects_.find(storage);
  if (objects == objects_.end()) return nullptr;
  const auto found = objects->second.find({namespace_, name});
  return found == objects->second.end() ? nullptr : found->second;
}

std::vector<Object> Store::list(const std::string& storage, const std::string& namespace_) const {
  std::vector<Object> found;
  const auto objects = objects_.find(storage);
  if (objects == objects_.end()) return found;
  for (auto at = objects->second.lower_bound({namespace_, ""}); at != objects->second.end(); ++at) {
    if (!namespace_.empty() && at->first.first != namespace_) break;
    found.push_back(at->second);
  }
  return found;
}

std::vector<std::string> Store::storages() const {
  std::vector<std::string> names;
  for (const auto& [name, objects] : objects_) names.push_back(name);
  return names;
}

Object Store::put(const std::string& storage, Json object) {
  metadata_of(object)["resourceVersion"] = std::to_string(++version_);
  const Place at{storage, namespace_of(object), name_of(object)};
  Object& place = objects_[storage][{at.namespace_, at.name}];
  Object before = std::move(place);
  place = std::make_shared<const Json>(std::move(object));
  // First, so that whoever depends on it is not looked at for a change of it.
  ++uids_[text(*place, {"metadata", "uid"})];
  if (before) unfile(at, *before);
  file(at, *place);
  remember(storage, std::move(before), place);
  return place;
}

Object Store::erase(const std::string& storage, const std::string& namespace_,
                    const std::string& name) {
  auto& objects = objects_[storage];
  const auto found = objects.find({namespace_, name});
  if (found == objects.end()) return nullptr;
  Json last = *found->second;
  metadata_of(last)["resourceVersion"] = std::to_string(++version_);
  objects.erase(found);
  unfile({storage, namespace_, name}, last);
  Object before = std::make_shared<const Json>(std::move(last));
  remember(storage, before, nullptr);
  return before;
}

void Store::file(const Place& place, const Json& object) {
  for (const std::string& owner : owners_of(object)) dependents_[owner].insert(place);
  if (field(object, {"metadata", "deletionTimestamp"}) != nullptr) ending_.insert(place);
  unsettled_.insert(place);
}

void Store::unfile(const Place& place, const Json& object) {
  const std::string uid = text(object, {"metadata", "uid"});
  if (const auto known = uids_.find(uid); known != uids_.end() && --known->second == 0) {
    uids_.erase(known);
    for (const Place& dependent : dependents_of(uid)) unsettled_.insert(dependent);
  }
  for (const std::string& owner : owners_of(object)) remove(dependents_, owner, place);
  ending_.erase(place);
}

std::vector<Place> Store::dependents_of(const std::string& uid) const {
  const auto found = dependents_.find(uid);
  if (found == dependents_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

std::set<Place> Store::take_unsettled() {
  std::set<Place> places = std::exchange(unsettled_, {});
  places.insert(ending_.begin(), ending_.end());
  return places;
}

void Store::remember(const std::string& storage, Object before, Object after) {
  auto& changes = history_[storage];
  changes.push_back({version_, std::move(before), std::move(after)});
  if (changes.size() > changes_kept) {
    compacted_ = std::max(compacted_, changes.front().version);
    changes.pop_front();
  }
}

std::optional<std::vector<Change>> Store::changes_after(const std::string& storage,
                                                        std::uint64_t version) const {
  if (version < compacted_) return std::nullopt;
  std::vector<Change> found;
  const auto history = history_.find(storage);
  if (history == history_.end()) return found;
  const auto& changes = history->second;
  auto it = std::upper_bound(
      changes.begin(), changes.end(), version,
      [](std::uint64_t wanted, const Change& change) { return wanted < change.version; });
  found.assign(it, changes.end());
  return found;
}

void Store::compact() {
  compacted_ = version_;
  history_.clear();
}

}  // namespace fakes::api_server
