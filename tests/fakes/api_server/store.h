#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
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

  std::map<std::string, std::map<Key, Object>> objects_;
  std::map<std::string, std::deque<Change>> history_;
  std::uint64_t version_ = 1000;  // as if it had lived before: nobody may count on 1
  std::uint64_t compacted_ = 1000;
};

}  // namespace fakes::api_server
