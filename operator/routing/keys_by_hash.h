#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "base/sorted_blocks.h"
#include "kube/object.h"
#include "operator/routing/claimant_key.h"

namespace routing {

// Of a name; never 0.
inline std::uint64_t hash_of(const std::string& name) {
  const std::uint64_t hash = std::hash<std::string>()(name);
  return hash == 0 ? 1 : hash;
}
inline std::uint64_t hash_of(const kube::ObjectKey& key) {
  return hash_of(key.text());
}

// Which objects have a name, by its hash: of tens of thousands mostly one each, so an entry is a
// number and a pointer. It may say more than there is (two names with one hash): whoever looks
// something up to compile it again compiles too much, and whoever must know asks the object.
// Entries stand side by side. Not thread-safe.
template <class Key>
class KeysByHashOf {
 public:
  KeysByHashOf() = default;
  KeysByHashOf(const KeysByHashOf&) = delete;  // a copy would point to the keys of somebody else
  KeysByHashOf& operator=(const KeysByHashOf&) = delete;

  // key: at a place where it stays until it was removed.
  void add(std::uint64_t hash, const Key& key) { entries_.insert(Entry{hash, &key}); }
  void remove(std::uint64_t hash, const Key& key) { entries_.erase(Entry{hash, &key}); }
  void clear() { entries_ = {}; }
  std::size_t size() const { return entries_.size(); }

  bool has(std::uint64_t hash) const { return entries_.find(hash) != nullptr; }
  // In the order of keys. What it leads to must change nothing here.
  template <class Visit>
  void visit(std::uint64_t hash, const Visit& each) const {
    entries_.each_of(hash, [&each](const Entry& entry) {
      each(*entry.key);
      return true;
    });
  }
  std::set<Key> find(std::uint64_t hash) const {
    std::set<Key> keys;
    visit(hash, [&keys](const Key& key) { keys.insert(keys.end(), key); });
    return keys;
  }

 private:
  struct Entry {
    std::uint64_t hash = 0;
    const Key* key = nullptr;
  };
  struct ByHashAndKey {
    bool operator()(const Entry& one, const Entry& other) const {
      return one.hash != other.hash ? one.hash < other.hash : *one.key < *other.key;
    }
    bool operator()(const Entry& one, std::uint64_t hash) const { return one.hash < hash; }
    bool operator()(std::uint64_t hash, const Entry& other) const { return hash < other.hash; }
  };

  base::SortedBlocks<Entry, ByHashAndKey> entries_;
};

using KeysByHash = KeysByHashOf<kube::ObjectKey>;
using ClaimantsByHash = KeysByHashOf<ClaimantKey>;

}  // namespace routing
