#include "kube/unkept_objects.h"

#include <algorithm>
#include <cstring>

#include "base/digest.h"

namespace kube {

UnkeptObjects::UnkeptObjects() : seed_(base::random_bytes(16)) {}

void UnkeptObjects::put(const ObjectKey& object, const ObjectKey& name) {
  const std::uint64_t hash = hash_of(object);
  const std::uint64_t named = object == name ? hash : hash_of(name);
  if (const std::uint64_t* const known = name_of_.find(hash)) {
    if (*known == named) return;
    release(*known);
  }
  name_of_[hash] = named;
  ++count_[named];
}

void UnkeptObjects::erase(const ObjectKey& object) {
  const std::uint64_t hash = hash_of(object);
  const std::uint64_t* const known = name_of_.find(hash);
  if (known == nullptr) return;
  release(*known);
  name_of_.erase(hash);
}

void UnkeptObjects::erase_named(const ObjectKey& name) {
  const std::uint64_t named = hash_of(name);
  const std::uint64_t* const count = count_.find(named);
  if (count == nullptr) return;
  // Most are an object of their own name, and found so.
  const std::uint64_t* const own = name_of_.find(named);
  if (*count == 1 && own != nullptr && *own == named) {
    name_of_.erase(named);
  } else {
    name_of_.erase_if([named](std::uint64_t one) { return one == named; });
  }
  count_.erase(named);
}

void UnkeptObjects::release(std::uint64_t name) {
  if (--count_[name] == 0) count_.erase(name);
}

std::uint64_t UnkeptObjects::hash_of(const ObjectKey& key) const {
  const std::string digest = base::sha256(seed_ + key.text());
  std::uint64_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

const std::uint64_t* UnkeptObjects::Table::find(std::uint64_t hash) const {
  const List& list = lists_[hash % kLists];
  const auto at = std::lower_bound(list.begin(), list.end(), hash, is_before);
  return at != list.end() && at->hash == hash ? &at->number : nullptr;
}

std::uint64_t& UnkeptObjects::Table::operator[](std::uint64_t hash) {
  List& list = list_of(hash);
  auto at = std::lower_bound(list.begin(), list.end(), hash, is_before);
  if (at == list.end() || at->hash != hash) {
    if (list.size() == list.capacity()) {
      const auto place = at - list.begin();
      list.reserve(list.size() + list.size() / 4 + 4);
      at = list.begin() + place;
    }
    at = list.insert(at, {hash, 0});
    ++size_;
  }
  return at->number;
}

void UnkeptObjects::Table::erase(std::uint64_t hash) {
  List& list = list_of(hash);
  const auto at = std::lower_bound(list.begin(), list.end(), hash, is_before);
  if (at == list.end() || at->hash != hash) return;
  list.erase(at);
  --size_;
}

template <class Condition>
void UnkeptObjects::Table::erase_if(const Condition& condition) {
  for (List& list : lists_) {
    size_ -= std::erase_if(list, [&](const Entry& entry) { return condition(entry.number); });
  }
}

}  // namespace kube
