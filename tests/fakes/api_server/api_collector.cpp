// The garbage collector and the namespace controller in one: level-triggered, it looks at all there
// is after each change. Its writes are not in the write log, which is about clients.

#include <algorithm>

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/api.h"

namespace fakes::api_server {
namespace {

const Json* owners_of(const Json& object) {
  const Json* owners = field(object, {"metadata", "ownerReferences"});
  return owners != nullptr && owners->is_array() && !owners->empty() ? owners : nullptr;
}

const Json* reference_to(const Json& object, const std::string& uid) {
  const Json* owners = owners_of(object);
  if (owners == nullptr) return nullptr;
  const auto found = std::find_if(owners->begin(), owners->end(), [&uid](const Json& owner) {
    return text(owner, {"uid"}) == uid;
  });
  return found == owners->end() ? nullptr : &*found;
}

bool is_marked_deleted(const Json& object) {
  return field(object, {"metadata", "deletionTimestamp"}) != nullptr;
}

bool has_finalizer(const Json& object, const char* wanted) {
  const Json* finalizers = field(object, {"metadata", "finalizers"});
  return finalizers != nullptr &&
         std::find(finalizers->begin(), finalizers->end(), Json(wanted)) != finalizers->end();
}

}  // namespace

void Api::collect() {
  std::unique_lock lock(mutex_);
  std::uint64_t seen = 0;
  while (!is_stopping_) {
    changed_.wait(lock, [&] { return is_stopping_ || store_.version() != seen; });
    while (!is_stopping_ && collect_once()) {
    }
    seen = store_.version();
  }
}

bool Api::collect_once() {
  std::set<std::string> uids;
  std::vector<std::pair<std::string, Object>> all;
  for (const std::string& storage : store_.storages()) {
    for (Object& object : store_.list(storage, "")) {
      uids.insert(text(*object, {"metadata", "uid"}));
      all.emplace_back(storage, std::move(object));
    }
  }
  bool changed = false;
  for (const auto& [storage, object] : all) {
    // Only what still stands as it was seen.
    if (store_.get(storage, namespace_of(*object), name_of(*object)) != object) continue;
    if (collect_object(storage, object, uids)) changed = true;
  }
  return changed;
}

bool Api::collect_object(const std::string& storage, const Object& object,
                         const std::set<std::string>& uids) {
  if (storage == "/namespaces") return is_marked_deleted(*object) && collect_namespace(object);
  if (const Json* owners = owners_of(*object);
      owners != nullptr && !is_marked_deleted(*object) &&
      std::none_of(owners->begin(), owners->end(),
                   [&uids](const Json& owner) { return uids.count(text(owner, {"uid"})) != 0; })) {
    return let_go(storage, object);
  }
  if (!is_marked_deleted(*object)) return false;

  const bool orphans = has_finalizer(*object, "orphan");
  const bool waits = has_finalizer(*object, "foregroundDeletion");
  if (!orphans && !waits) return false;
  const std::string uid = text(*object, {"metadata", "uid"});
  bool is_blocked = false;
  bool changed = false;
  for (const std::string& other : store_.storages()) {
    for (const Object& dependent : store_.list(other, "")) {
      const Json* reference = reference_to(*dependent, uid);
      if (reference == nullptr) continue;
      if (orphans) {
        Json after = *dependent;
        Json& owners = metadata_of(after)["ownerReferences"];
        owners.erase(std::remove(owners.begin(), owners.end(), *reference), owners.end());
        if (owners.empty()) metadata_of(after).erase("ownerReferences");
        store_.put(other, std::move(after));
        changed = true;
      } else {
        const bool blocks = reference->value("blockOwnerDeletion", false);
        if (!is_marked_deleted(*dependent)) changed |= let_go(other, dependent);
        const bool is_still_there =
            store_.get(other, namespace_of(*dependent), name_of(*dependent)) != nullptr;
        is_blocked |= blocks && is_still_there;
      }
    }
  }
  if (is_blocked) return changed;
  return drop_finalizer(storage, object, orphans ? "orphan" : "foregroundDeletion");
}

// Deletes in the background: marked when a finalizer holds it.
bool Api::let_go(const std::string& storage, const Object& object) {
  const Json* finalizers = field(*object, {"metadata", "finalizers"});
  if (finalizers == nullptr || finalizers->empty()) {
    erase(storage, *object);
    return true;
  }
  if (is_marked_deleted(*object)) return false;
  Json after = *object;
  metadata_of(after)["deletionTimestamp"] = now_text();
  metadata_of(after)["deletionGracePeriodSeconds"] = 0;
  store_.put(storage, std::move(after));
  changed_.notify_all();
  return true;
}

bool Api::drop_finalizer(const std::string& storage, const Object& object, const char* finalizer) {
  Json after = *object;
  Json& finalizers = metadata_of(after)["finalizers"];
  finalizers.erase(std::remove(finalizers.begin(), finalizers.end(), Json(finalizer)),
                   finalizers.end());
  if (finalizers.empty()) {
    erase(storage, *object);
  } else {
    store_.put(storage, std::move(after));
    changed_.notify_all();
  }
  return true;
}

bool Api::collect_namespace(const Object& object) {
  const std::string name = name_of(*object);
  bool changed = false;
  bool is_empty = true;
  for (const std::string& storage : store_.storages()) {
    if (storage == "/namespaces") continue;
    for (const Object& content : store_.list(storage, name)) {
      changed |= let_go(storage, content);
      is_empty &= store_.get(storage, name, name_of(*content)) == nullptr;
    }
  }
  if (is_empty) {
    erase("/namespaces", *object);
    changed = true;
  }
  return changed;
}

}  // namespace fakes::api_server
