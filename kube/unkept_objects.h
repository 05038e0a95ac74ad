#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kube/object.h"

namespace kube {

// That objects are there which nobody keeps, and what they are named by: so that whoever is to keep
// them from now on knows whether there is something to fetch. Hashes alone, some twenty bytes for
// each of two tables, since there are tens of thousands. It may say that there is something where
// there is nothing (two names with one hash, one in 2^64): that costs a request. Not thread-safe.
class UnkeptObjects {
 public:
  UnkeptObjects();

  // object: itself, among those of its kind. name: whoever speaks of that means it, too: an
  // EndpointSlice by its Service; else `object` again.
  void put(const ObjectKey& object, const ObjectKey& name);
  void erase(const ObjectKey& object);
  // All of that name.
  void erase_named(const ObjectKey& name);
  bool has(const ObjectKey& object) const { return name_of_.find(hash_of(object)) != nullptr; }
  bool has_named(const ObjectKey& name) const { return count_.find(hash_of(name)) != nullptr; }
  std::size_t size() const { return name_of_.size(); }

 private:
  // Numbers by hashes. Short sorted lists: nothing but the entries takes room.
  class Table {
   public:
    Table() : lists_(kLists) {}
    const std::uint64_t* find(std::uint64_t hash) const;
    std::uint64_t& operator[](std::uint64_t hash);
    void erase(std::uint64_t hash);
    template <class Condition>
    void erase_if(const Condition& condition);
    std::size_t size() const { return size_; }

   private:
    struct Entry {
      std::uint64_t hash;
      std::uint64_t number;
    };
    using List = std::vector<Entry>;
    static constexpr std::size_t kLists = 512;
    static bool is_before(const Entry& entry, std::uint64_t hash) { return entry.hash < hash; }
    List& list_of(std::uint64_t hash) { return lists_[hash % kLists]; }

    std::vector<List> lists_;
    std::size_t size_ = 0;
  };

  std::uint64_t hash_of(const ObjectKey& key) const;
  void release(std::uint64_t name);

  std::string seed_;  // nobody who chooses names knows where they lead
  Table name_of_;     // of an object
  Table count_;       // of objects, of a name
};

}  // namespace kube
