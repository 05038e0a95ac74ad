#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/digest.h"
#include "base/node_ref.h"

namespace base {

// A map by text, in the order of std::map, whose copies share what they have in common: a copy
// costs nothing, a change in it the way to one entry, and the difference of two maps, or a digest
// of all, what is different. A crit-bit tree: a fork stands at the first bit in which the keys
// below it differ, so that the same keys make the same tree, whatever came before. Nobody can make
// it deeper than a key has bits (nine for a byte); by chance it is as deep as the logarithm of its
// size.
//
// Entries are immutable; what is not shared with a copy is changed at its place. Threads: as
// std::map, each map for itself. Maps of different threads may share entries: they are counted, and
// freed by whoever lets go of them last, whose cost that is. Iterators hold until their map
// changes.
//
// Each of ten thousand hosts is in some ten of these maps, so a node has room for what its map
// needs and for nothing else. digested: the map has digest().
template <class V, bool digested = false>
class SharedMap {
  struct Node;
  struct Fork;
  struct Leaf;
  static void free_node(Node* node);
  using Ref = NodeRef<Node, &free_node>;

 public:
  using key_type = std::string;
  using mapped_type = V;
  using value_type = std::pair<const std::string, V>;
  using size_type = std::size_t;
  using Digest = std::array<std::uint64_t, 4>;

  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = SharedMap::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;

    const_iterator() = default;
    reference operator*() const { return leaf_->entry; }
    pointer operator->() const { return &leaf_->entry; }
    const_iterator& operator++() {
      leaf_ = after(root_, leaf_->entry.first);
      return *this;
    }
    const_iterator operator++(int) {
      const_iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const const_iterator& other) const { return leaf_ == other.leaf_; }

   private:
    friend class SharedMap;
    const_iterator(const Node* root, const Leaf* leaf) : root_(root), leaf_(leaf) {}
    const Node* root_ = nullptr;
    const Leaf* leaf_ = nullptr;
  };
  using iterator = const_iterator;

  // What map[key] is: it can be read, and be given another value.
  class Slot {
   public:
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot& other) { return *this = V(static_cast<const V&>(other)); }
    Slot& operator=(V value) {
      map_.insert_or_assign(key_, std::move(value));
      return *this;
    }
    operator const V&() const { return map_.at(key_); }
    const V& operator->() const { return map_.at(key_); }
    decltype(auto) operator*() const { return *map_.at(key_); }

   private:
    friend class SharedMap;
    Slot(SharedMap& map, std::string key) : map_(map), key_(std::move(key)) {}
    SharedMap& map_;
    const std::string key_;
  };

  SharedMap() = default;
  SharedMap(std::initializer_list<value_type> entries) {
    for (const auto& [key, value] : entries) try_emplace(key, value);
  }

  std::size_t size() const { return root_ ? size_ : 0; }
  bool empty() const { return !root_; }
  void clear() { root_ = {}; }

  const_iterator begin() const { return {root_.get(), root_ ? first(root_.get()) : nullptr}; }
  const_iterator end() const { return {root_.get(), nullptr}; }

  const_iterator find(std::string_view key) const { return {root_.get(), leaf_of(key)}; }
  bool contains(std::string_view key) const { return leaf_of(key) != nullptr; }
  std::size_t count(std::string_view key) const { return contains(key) ? 1 : 0; }
  const V& at(std::string_view key) const {
    const Leaf* const leaf = leaf_of(key);
    if (leaf == nullptr) throw std::out_of_range("SharedMap::at");
    return leaf->entry.second;
  }
  // A key that is not there yet gets an empty value, as in std::map.
  Slot operator[](std::string key) {
    if (!contains(key)) put(made(key, V{}));
    return Slot(*this, std::move(key));
  }

  void insert_or_assign(const std::string& key, V value) { put(made(key, std::move(value))); }
  // False: there is an entry with this key, and it stays.
  std::pair<const_iterator, bool> try_emplace(const std::string& key, V value) {
    const bool is_new = !contains(key);
    if (is_new) put(made(key, std::move(value)));
    return {find(key), is_new};
  }
  std::pair<const_iterator, bool> emplace(const std::string& key, V value) {
    return try_emplace(key, std::move(value));
  }
  std::pair<const_iterator, bool> insert(const value_type& entry) {
    return try_emplace(entry.first, entry.second);
  }
  // An entry of another map, which both have in common from now on. What is there already is
  // replaced.
  void share_or_assign(const const_iterator& entry) {
    // Nobody changes what is in a leaf.
    put(Ref(const_cast<Leaf*>(entry.leaf_)));
  }
  // The same where there is none with this key. False: there is one, and it stays.
  bool share(const const_iterator& entry) {
    if (contains(entry->first)) return false;
    share_or_assign(entry);
    return true;
  }
  // What is there already stays; the rest both have in common.
  void merge(const SharedMap& others) {
    if (empty()) {
      *this = others;
      return;
    }
    for (auto entry = others.begin(); entry != others.end(); ++entry) share(entry);
  }
  // How many were erased.
  std::size_t erase(std::string_view key);

  // Entry by entry, as std::map; what both share is not looked at.
  bool operator==(const SharedMap& other) const {
    return size() == other.size() && same(root_.get(), other.root_.get());
  }

  // Calls visit(key, before, after) for each key whose value is not the same; nullptr: it has none.
  // Looks at nothing that both share. Returns how many nodes it has looked at.
  template <class Visit>
  static std::size_t visit_differences(const SharedMap& from, const SharedMap& to,
                                       const Visit& visit) {
    Differences<Visit> differences{visit};
    differences.between(from.root_.get(), to.root_.get());
    return differences.looked_at;
  }

  // Of all keys and values: equal exactly where of_entry(key, value), which returns the 32 bytes of
  // a SHA-256, gives the same for the same keys. It is asked once in the life of an entry, so it
  // must be the same function for all maps of this type that have entries in common. Any number of
  // threads may ask.
  template <class OfEntry>
  Digest digest(const OfEntry& of_entry) const requires digested {
    return root_ ? digest_of(*root_, of_entry) : Digest{};
  }
  static std::string bytes_of(const Digest& digest);

 private:
  static constexpr std::uint32_t kLeaf = UINT32_MAX;  // no position of a fork
  static constexpr std::uint32_t kBitsOfByte = 9;     // the first: whether there is such a byte
  // Forks with fewer entries below them work their digest out again: that is a dozen hashes for a
  // change, and no room for nine in ten of all digests.
  static constexpr std::uint32_t kRememberedFrom = 16;

  struct Node {
    explicit Node(std::uint32_t at) : position(at) {}
    bool is_leaf() const { return position == kLeaf; }

    mutable std::atomic<std::uint32_t> references{0};
    const std::uint32_t position;
  };

  // A digest, once it was worked out. Two threads may do so at a time: they write the same words.
  class Remembered {
   public:
    bool get(Digest& digest) const {
      digest.back() = words_.back().load(std::memory_order_acquire);
      if (digest.back() == 0) return false;
      for (std::size_t i = 0; i + 1 < digest.size(); ++i) {
        digest.at(i) = words_.at(i).load(std::memory_order_relaxed);
      }
      return true;
    }
    // One that ends in nothing but zeros is not remembered. There is none.
    void set(const Digest& digest) {
      for (std::size_t i = 0; i + 1 < digest.size(); ++i) {
        words_.at(i).store(digest.at(i), std::memory_order_relaxed);
      }
      words_.back().store(digest.back(), std::memory_order_release);
    }

   private:
    std::array<std::atomic<std::uint64_t>, 4> words_{};
  };
  // In a room of its own, while there is one.
  class RememberedAside {
   public:
    RememberedAside() = default;
    ~RememberedAside() { forget(); }
    RememberedAside(const RememberedAside&) = delete;
    RememberedAside& operator=(const RememberedAside&) = delete;
    bool get(Digest& digest) const {
      const Digest* const known = digest_.load(std::memory_order_acquire);
      if (known != nullptr) digest = *known;
      return known != nullptr;
    }
    void set(const Digest& digest) {
      const Digest* none = nullptr;
      auto* const made = new Digest(digest);
      if (!digest_.compare_exchange_strong(none, made, std::memory_order_acq_rel)) delete made;
    }
    // Nobody else may look.
    void forget() { delete digest_.exchange(nullptr, std::memory_order_relaxed); }

   private:
    std::atomic<const Digest*> digest_{nullptr};
  };
  // What a fork of a digested map has beside its sides.
  struct Below {
    RememberedAside digest;
    std::uint32_t entries = 0;
  };
  struct Nothing {};

  struct Fork : Node {
    Fork(std::uint32_t at, Ref zero, Ref one)
        : Node(at), left(std::move(zero)), right(std::move(one)) {
      if constexpr (digested) below.entries = entries_of(*left) + entries_of(*right);
    }
    Ref& side(bool is_right) { return is_right ? right : left; }
    const Ref& side(bool is_right) const { return is_right ? right : left; }

    Ref left, right;
    [[no_unique_address]] mutable std::conditional_t<digested, Below, Nothing> below;
  };

  struct Leaf : Node {
    Leaf(std::string key, V value) : Node(kLeaf), entry(std::move(key), std::move(value)) {}
    [[no_unique_address]] mutable std::conditional_t<digested, Remembered, Nothing> digest;
    const value_type entry;
  };

  static std::uint32_t entries_of(const Node& node) requires digested {
    return node.is_leaf() ? 1 : fork(node).below.entries;
  }

  // The bit of a key at this position. Less than every key that goes on is one that ends.
  static bool bit_at(std::string_view key, std::uint32_t position) {
    const std::uint32_t byte = position / kBitsOfByte;
    const std::uint32_t bit = position % kBitsOfByte;
    if (byte >= key.size()) return false;
    return bit == 0 ||
           ((static_cast<unsigned char>(key[byte]) >> (kBitsOfByte - 1 - bit)) & 1) != 0;
  }
  // kLeaf: they are equal.
  static std::uint32_t first_difference(std::string_view a, std::string_view b) {
    std::size_t i = 0;
    while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
    if (i == a.size() && i == b.size()) return kLeaf;
    const auto begin = static_cast<std::uint32_t>(i) * kBitsOfByte;
    if (i == a.size() || i == b.size()) return begin;
    const auto differing = static_cast<std::uint8_t>(static_cast<unsigned char>(a[i]) ^
                                                     static_cast<unsigned char>(b[i]));
    return begin + 1 + static_cast<std::uint32_t>(std::countl_zero(differing));
  }
  static const Fork& fork(const Node& node) { return static_cast<const Fork&>(node); }
  static const Leaf& leaf(const Node& node) { return static_cast<const Leaf&>(node); }

  static const Leaf* first(const Node* node) {
    while (!node->is_leaf()) node = fork(*node).left.get();
    return &leaf(*node);
  }
  // Where the key would be; nullptr: the map is empty.
  static const Leaf* nearest(const Node* node, std::string_view key) {
    if (node == nullptr) return nullptr;
    while (!node->is_leaf()) node = fork(*node).side(bit_at(key, node->position)).get();
    return &leaf(*node);
  }
  const Leaf* leaf_of(std::string_view key) const {
    const Leaf* const found = nearest(root_.get(), key);
    return found != nullptr && found->entry.first == key ? found : nullptr;
  }
  // The entry after that of this key, which is there.
  static const Leaf* after(const Node* root, std::string_view key) {
    const Node* next = nullptr;
    for (const Node* node = root; !node->is_leaf();) {
      const bool is_right = bit_at(key, node->position);
      if (!is_right) next = fork(*node).right.get();
      node = fork(*node).side(is_right).get();
    }
    return next == nullptr ? nullptr : first(next);
  }

  // A fork that no other map has, in its place, below which there are to be so many entries more.
  static Fork& own(Ref& at, int more) {
    if (!at.is_sole()) {
      const Fork& shared = fork(*at);
      at = Ref(new Fork(shared.position, shared.left, shared.right));
    }
    Fork& owned = static_cast<Fork&>(*at);
    if constexpr (digested) {
      owned.below.digest.forget();
      owned.below.entries += static_cast<std::uint32_t>(more);
    }
    return owned;
  }
  static Ref made(const std::string& key, V value) { return Ref(new Leaf(key, std::move(value))); }
  void put(Ref entry);

  static bool same(const Node* a, const Node* b) {
    if (a == b) return true;
    if (a == nullptr || b == nullptr || a->position != b->position) return false;
    if (a->is_leaf()) return leaf(*a).entry == leaf(*b).entry;
    return same(fork(*a).left.get(), fork(*b).left.get()) &&
           same(fork(*a).right.get(), fork(*b).right.get());
  }

  template <class Visit>
  struct Differences {
    const Visit& visit;
    std::size_t looked_at = 0;

    void between(const Node* from, const Node* to) {
      if (from == to) return;
      if (from == nullptr) return all(to, false);
      if (to == nullptr) return all(from, true);
      ++looked_at;
      // All keys of a tree agree up to its fork, so any of them tells where the two part.
      const std::uint32_t parting =
          first_difference(first(from)->entry.first, first(to)->entry.first);
      if (parting < from->position && parting < to->position) {
        all(from, true);
        all(to, false);
      } else if (from->position < to->position) {
        below(from, to, true);
      } else if (to->position < from->position) {
        below(to, from, false);
      } else if (!from->is_leaf()) {
        between(fork(*from).left.get(), fork(*to).left.get());
        between(fork(*from).right.get(), fork(*to).right.get());
      } else if (!(leaf(*from).entry.second == leaf(*to).entry.second)) {
        visit(leaf(*from).entry.first, &leaf(*from).entry.second, &leaf(*to).entry.second);
      }
    }
    // One tree stands below a side of the other one's fork.
    void below(const Node* upper, const Node* lower, bool is_upper_before) {
      const bool is_right = bit_at(first(lower)->entry.first, upper->position);
      for (const bool side : {false, true}) {
        const Node* const part = fork(*upper).side(side).get();
        if (side != is_right) {
          all(part, is_upper_before);
        } else if (is_upper_before) {
          between(part, lower);
        } else {
          between(lower, part);
        }
      }
    }
    void all(const Node* node, bool is_before) {
      ++looked_at;
      if (!node->is_leaf()) {
        all(fork(*node).left.get(), is_before);
        all(fork(*node).right.get(), is_before);
        return;
      }
      const value_type& entry = leaf(*node).entry;
      visit(entry.first, is_before ? &entry.second : nullptr, is_before ? nullptr : &entry.second);
    }
  };

  static Digest digest_of_bytes(const std::string& bytes);
  template <class OfEntry>
  static Digest digest_of(const Node& node, const OfEntry& of_entry);

  Ref root_;
  std::size_t size_ = 0;  // where there is a root
};

template <class V, bool digested>
void SharedMap<V, digested>::free_node(Node* node) {
  if (node->is_leaf()) {
    delete static_cast<Leaf*>(node);
  } else {
    delete static_cast<Fork*>(node);
  }
}

template <class V, bool digested>
void SharedMap<V, digested>::put(Ref entry) {
  const std::string& key = leaf(*entry).entry.first;
  const Leaf* const near = nearest(root_.get(), key);
  if (near == nullptr) {
    root_ = std::move(entry);
    size_ = 1;
    return;
  }
  const std::uint32_t parting = first_difference(near->entry.first, key);
  const bool is_new = parting != kLeaf;
  Ref* at = &root_;
  while ((*at)->position < parting) {  // ends at a leaf, too: its position is the last of all
    Fork& here = own(*at, is_new ? 1 : 0);
    at = &here.side(bit_at(key, here.position));
  }
  if (!is_new) {
    *at = std::move(entry);
    return;
  }
  ++size_;
  Ref others = std::move(*at);
  const bool is_right = bit_at(key, parting);
  *at = is_right ? Ref(new Fork(parting, std::move(others), std::move(entry)))
                 : Ref(new Fork(parting, std::move(entry), std::move(others)));
}

template <class V, bool digested>
std::size_t SharedMap<V, digested>::erase(std::string_view key) {
  if (!contains(key)) return 0;
  if (root_->is_leaf()) {
    root_ = {};
    return 1;
  }
  --size_;
  Ref* at = &root_;
  while (true) {
    Fork& here = own(*at, -1);
    const bool is_right = bit_at(key, here.position);
    if (!here.side(is_right)->is_leaf()) {
      at = &here.side(is_right);
      continue;
    }
    Ref other = std::move(here.side(!is_right));
    *at = std::move(other);  // frees the fork
    return 1;
  }
}

template <class V, bool digested>
typename SharedMap<V, digested>::Digest SharedMap<V, digested>::digest_of_bytes(
    const std::string& bytes) {
  Digest digest{};
  for (std::size_t i = 0; i < 32 && i < bytes.size(); ++i) {
    digest.at(i / 8) = (digest.at(i / 8) << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return digest;
}

template <class V, bool digested>
std::string SharedMap<V, digested>::bytes_of(const Digest& digest) {
  std::string bytes;
  for (const std::uint64_t word : digest) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>((word >> shift) & 255);
  }
  return bytes;
}

template <class V, bool digested>
template <class OfEntry>
typename SharedMap<V, digested>::Digest SharedMap<V, digested>::digest_of(const Node& node,
                                                                          const OfEntry& of_entry) {
  Digest digest{};
  if (node.is_leaf()) {
    const Leaf& one = leaf(node);
    if (one.digest.get(digest)) return digest;
    digest = digest_of_bytes(of_entry(one.entry.first, one.entry.second));
    one.digest.set(digest);
    return digest;
  }
  const Fork& here = fork(node);
  if (here.below.digest.get(digest)) return digest;
  // No entry is hashed from bytes that begin so: see of_entry's users.
  std::string both("\1");
  both += bytes_of(digest_of(*here.left, of_entry));
  both += bytes_of(digest_of(*here.right, of_entry));
  digest = digest_of_bytes(sha256(both));
  if (here.below.entries >= kRememberedFrom) here.below.digest.set(digest);
  return digest;
}

}  // namespace base
