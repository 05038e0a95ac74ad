#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

// Texts by name, in order, where there are thousands of such maps with a few entries or none: an
// std::map in the room of a pointer, whose entries stand side by side. To put one in moves those
// behind it; who has many at once makes it of an std::map. What changes it ends its iterators.
// Threads: as std::map.
class TextMap {
 public:
  using key_type = std::string;
  using mapped_type = std::string;
  using value_type = std::pair<std::string, std::string>;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using reference = value_type&;
  using const_reference = const value_type&;
  using iterator = value_type*;
  using const_iterator = const value_type*;

  TextMap() = default;
  TextMap(const std::map<std::string, std::string>& entries) {
    if (!entries.empty()) entries_ = std::make_unique<Entries>(entries.begin(), entries.end());
  }
  // Of entries with one name the first counts.
  TextMap(std::initializer_list<value_type> entries)
      : TextMap(std::map<std::string, std::string>(entries.begin(), entries.end())) {}
  TextMap(const TextMap& other)
      : entries_(other.empty() ? nullptr : std::make_unique<Entries>(*other.entries_)) {}
  TextMap(TextMap&&) noexcept = default;
  TextMap& operator=(TextMap other) noexcept {
    entries_ = std::move(other.entries_);
    return *this;
  }
  ~TextMap() = default;

  bool empty() const { return size() == 0; }
  std::size_t size() const { return entries_ ? entries_->size() : 0; }
  iterator begin() { return entries_ ? entries_->data() : nullptr; }
  iterator end() { return begin() + size(); }
  const_iterator begin() const { return entries_ ? entries_->data() : nullptr; }
  const_iterator end() const { return begin() + size(); }

  iterator find(std::string_view name) { return found(begin(), end(), name); }
  const_iterator find(std::string_view name) const { return found(begin(), end(), name); }
  std::size_t count(std::string_view name) const { return find(name) == end() ? 0 : 1; }
  bool contains(std::string_view name) const { return count(name) != 0; }
  const std::string& at(std::string_view name) const {
    const auto place = find(name);
    if (place == end()) throw std::out_of_range("a TextMap without such a name");
    return place->second;
  }

  std::string& operator[](std::string_view name) {
    return emplace(std::string(name), std::string()).first->second;
  }
  // What is there already stays.
  std::pair<iterator, bool> emplace(std::string name, std::string value) {
    if (!entries_) entries_ = std::make_unique<Entries>();
    iterator place = lower_bound(begin(), end(), name);
    if (place != end() && place->first == name) return {place, false};
    const auto at = entries_->begin() + (place - begin());
    const auto made = entries_->emplace(at, std::move(name), std::move(value));
    return {begin() + (made - entries_->begin()), true};
  }
  // How many were erased.
  std::size_t erase(std::string_view name) {
    return erase_if([name](const value_type& entry) { return entry.first == name; });
  }
  template <class Condition>
  std::size_t erase_if(const Condition& condition) {
    if (!entries_) return 0;
    const std::size_t erased = std::erase_if(*entries_, condition);
    if (entries_->empty()) entries_.reset();
    if (erased != 0 && entries_) entries_->shrink_to_fit();
    return erased;
  }
  void clear() { entries_.reset(); }

  friend bool operator==(const TextMap& one, const TextMap& other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end());
  }

 private:
  using Entries = std::vector<value_type>;  // sorted

  template <class Place>
  static Place lower_bound(Place first, Place last, std::string_view name) {
    return std::lower_bound(first, last, name,
                            [](const value_type& entry, std::string_view wanted) {
                              return entry.first.compare(wanted) < 0;
                            });
  }
  template <class Place>
  static Place found(Place first, Place last, std::string_view name) {
    const Place place = lower_bound(first, last, name);
    return place != last && place->first == name ? place : last;
  }

  std::unique_ptr<Entries> entries_;
};

}  // namespace base
