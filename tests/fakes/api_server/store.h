#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/fakes/api_server/object.h"

namespace fakes::api_server {

// One write, as watchers see it.
struct Change {
  std::uint64_t version = 0;
  Object before;  // null: the object is new
  Object after;   // null: the object went
};

// Where an object is.
struct Place {
  std::string storage;
  std::string namespace_;
  std::string name;
  auto operator<=>(const Place&) const = default;
};

// All objects and the recent changes, ordered by one counter: the resourceVersion. Not thread-safe:
// guarded by the Api's lock.
class Store {
 public:
  // "storage" is Kind::storage; namespace_ is empty for cluster-wide objects.
  Object get(const std::string& storage, const std::string& namespace_,
             const std::string& name) const;
  // In order of namespace and name. Empty namespace_: all.
  std::vector<Object> list(const std::string& storage, const std::string& namespace_) const;
  std::vector<std::string> storages() const;

  // Stores the object under the next version, which it gets as metadata.resourceVersion.
  Object put(const std::string& storage, Json object);
  // The last state of the object, with the version of its deletion.
  Object erase(const std::string& storage, const std::string& namespace_, const std::string& name);

  // ---- For the collector, who looks at what a change concerns and at nothing else.

  bool has_uid(const std::string& uid) const { return uids_.count(uid) != 0; }
  // The objects with an owner of this uid.
  std::vector<Place> dependents_of(const std::string& uid) const;
  // What may have to go since this was last asked: what was written, what depended on what went,
  // and all that is marked as deleted.
  std::set<Place> take_unsettled();

  std::uint64_t version() const { return version_; }
  // The changes after a version; nothing when some of them are forgotten already.
  std::optional<std::vector<Change>> changes_after(const std::string& storage,
                                                   std::uint64_t version) const;
  // Forgets all history: a watch from before now is too old.
  void compact();
  std::uint64_t compacted_version() const { return compacted_; }

 private:
  using Key = std::pair<std::string, std::string>;
  void remember(const std::string& storage, Object before, Object after);
  void file(const Place& place, const Json& object);
  void unfile(const Place& place, const Json& object);

  std::map<std::string, std::map<Key, Object>> objects_;
  std::map<std::string, std::deque<Change>> history_;
  std::map<std::string, std::size_t> uids_;            // of how many objects: one, mostly
  std::map<std::string, std::set<Place>> dependents_;  // by the uid of an owner
  std::set<Place> ending_;                             // marked as deleted
  std::set<Place> unsettled_;
  std::uint64_t version_ = 1000;  // as if it had lived before: nobody may count on 1
  std::uint64_t compacted_ = 1000;
};

}  // namespace fakes::api_server
