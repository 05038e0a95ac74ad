// The garbage collector and the namespace controller in one: after each change it looks at what
// that concerns. Its writes are not in the write log, which is about clients.

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
  bool changed = false;
  for (const Place& place : store_.take_unsettled()) {
    const Object object = store_.get(place.storage, place.namespace_, place.name);
    if (object && collect_object(place.storage, object)) changed = true;
  }
  return changed;
}

bool Api::collect_object(const std::string& storage, const Object& object) {
  if (storage == "/namespaces") return is_marked_deleted(*object) && collect_namespace(object);
  if (const Json* owners = owners_of(*object);
      owners != nullptr && !is_marked_deleted(*object) &&
      std::none_of(owners->begin(), owners->end(),
                   [this](const Json& owner) { return store_.has_uid(text(owner, {"uid"})); })) {
    return let_go(storage, object);
  }
  if (!is_marked_deleted(*object)) return false;

  const bool orphans = has_finalizer(*object, "orphan");
  const bool waits = has_finalizer(*object, "foregroundDeletion");
  if (!orphans && !waits) return false;
  const std::string uid = text(*object, {"metadata", "uid"});
  bool is_blocked = false;
  bool changed = false;
  for (const Place& place : store_.dependents_of(uid)) {
    const Object dependent = store_.get(place.storage, place.namespace_, place.name);
    const Json* const reference = dependent ? reference_to(*dependent, uid) : nullptr;
    if (reference == nullptr) continue;
    if (orphans) {
      Json after = *dependent;
      Json& owners = metadata_of(after)["ownerReferences"];
      owners.erase(std::remove(owners.begin(), owners.end(), *reference), owners.end());
      if (owners.empty()) metadata_of(after).erase("ownerReferences");
      store_.put(place.storage, std::move(after));
      changed = true;
    } else {
      const bool blocks = reference->value("blockOwnerDeletion", false);
      if (!is_marked_deleted(*dependent)) changed |= let_go(place.storage, dependent);
      is_blocked |= blocks && store_.get(place.storage, place.namespace_, place.name) != nullptr;
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
