#include "tests/fakes/api_server/store.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace fakes::api_server {
namespace {

// Enough for any test; a watcher that is further behind gets 410, as on a busy real server.
constexpr std::size_t changes_kept = 20'000;

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
  for (const auto& [key, object] : objects->second) {
    if (namespace_.empty() || key.first == namespace_) found.push_back(object);
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
  Object& place = objects_[storage][{namespace_of(object), name_of(object)}];
  Object before = std::move(place);
  place = std::make_shared<const Json>(std::move(object));
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
  Object before = std::make_shared<const Json>(std::move(last));
  remember(storage, before, nullptr);
  return before;
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
