#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "base/node_ref.h"

namespace base {

// A table by text for many look-ups and few changes: a copy costs nothing, a change in it the way
// to one entry, and copies share the rest. Entries have no order; a T is made where it stays and
// never changes or moves. A trie by the bits of a hash: a look-up goes through as many nodes as the
// logarithm of the size to base 32, and allocates nothing. Keys that somebody chose for having one
// hash are looked through one after the other, as in std::unordered_map.
//
// Threads: any number may look up in one table; copies belong to whoever has them. Entries are
// counted, and freed by whoever lets go of them last, whose cost that is.
template <class T, class Hash = std::hash<std::string_view>>
class SharedTable {
 public:
  // nullptr: there is none. Lives as long as a table that has it.
  const T* find(std::string_view key) const {
    const std::uint64_t hash = hash_of(key);
    const Node* node = root_.get();
    for (unsigned shift = 0; node != nullptr; shift += kBits) {
      if (node->kind == Kind::branch) {
        node = static_cast<const Branch*>(node)->find(hash >> shift);
        continue;
      }
      if (node->kind == Kind::twins) return static_cast<const Twins*>(node)->find(hash, key);
      const Leaf* const leaf = static_cast<const Leaf*>(node);
      return leaf->is(hash, key) ? &leaf->value : nullptr;
    }
    return nullptr;
  }
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // In place of what has this key, if anything has.
  template <class... Arguments>
  void set(std::string_view key, Arguments&&... arguments) {
    const std::uint64_t hash = hash_of(key);
    const Ref leaf(Leaf::make(hash, key, std::forward<Arguments>(arguments)...));
    if (put(root_, hash, 0, leaf)) ++size_;
  }
  void erase(std::string_view key) {
    if (!contains(key)) return;
    take(root_, hash_of(key), 0, key);
    --size_;
  }

 private:
  static constexpr unsigned kBits = 5;
  static constexpr std::uint64_t kMask = (1U << kBits) - 1;

  enum class Kind : std::uint8_t { branch, leaf, twins };
  struct Branch;
  struct Leaf;
  struct Twins;

  struct Node {
    explicit Node(Kind what) : kind(what) {}
    Node(const Node& other) : kind(other.kind) {}  // with no reference yet
    Node& operator=(const Node&) = delete;
    std::atomic<std::uint32_t> references{0};
    const Kind kind;
  };

  static void free_node(Node* node) {
    switch (node->kind) {
      case Kind::branch:
        Branch::free(static_cast<Branch*>(node));
        break;
      case Kind::leaf:
        Leaf::free(static_cast<Leaf*>(node));
        break;
      case Kind::twins:
        delete static_cast<Twins*>(node);
        break;
    }
  }
  using Ref = NodeRef<Node, &free_node>;

  // Has room for the children that it has, right behind it: most have a few.
  struct alignas(void*) Branch : Node {
    // With these children (bit i: the one of i), which are nothing yet.
    static Branch* make(std::uint32_t taken) {
      static_assert(sizeof(Branch) % alignof(Ref) == 0);
      const auto count = static_cast<std::size_t>(std::popcount(taken));
      void* const memory = ::operator new(sizeof(Branch) + count * sizeof(Ref));
      auto* const made = new (memory) Branch(taken);
      std::uninitialized_value_construct_n(made->children(), count);
      return made;
    }
    static void free(Branch* branch) {
      std::destroy_n(branch->children(), branch->count());
      branch->~Branch();
      ::operator delete(static_cast<void*>(branch));
    }
    // A copy that has this child, too, or has it not.
    static Ref with(const Branch& from, std::uint64_t bits, bool is_there) {
      const std::uint32_t bit = 1U << (bits & kMask);
      auto* const made = make(is_there ? from.taken | bit : from.taken & ~bit);
      for (std::uint64_t i = 0; i <= kMask; ++i) {
        if (from.has(i) && made->has(i)) made->child(i) = from.child(i);
      }
      return Ref(made);
    }

    bool has(std::uint64_t bits) const { return ((taken >> (bits & kMask)) & 1) != 0; }
    // It has it.
    Ref& child(std::uint64_t bits) { return children()[place(bits)]; }
    const Ref& child(std::uint64_t bits) const { return children()[place(bits)]; }
    const Node* find(std::uint64_t bits) const { return has(bits) ? child(bits).get() : nullptr; }
    std::size_t count() const { return static_cast<std::size_t>(std::popcount(taken)); }

    const std::uint32_t taken;

   private:
    explicit Branch(std::uint32_t bits) : Node(Kind::branch), taken(bits) {}
    ~Branch() = default;
    std::size_t place(std::uint64_t bits) const {
      return static_cast<std::size_t>(std::popcount(taken & ((1U << (bits & kMask)) - 1)));
    }
    Ref* children() { return reinterpret_cast<Ref*>(this + 1); }
    const Ref* children() const { return reinterpret_cast<const Ref*>(this + 1); }
  };

  // Its key stands right behind it, in one piece of memory: who looks at the one has the other at
  // hand, without another miss of the cache.
  struct Leaf : Node {
    template <class... Arguments>
    static Leaf* make(std::uint64_t of, std::string_view key, Arguments&&... arguments) {
      static_assert(alignof(Leaf) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
      void* const memory = ::operator new(sizeof(Leaf) + key.size());
      try {
        auto* const made = new (memory) Leaf(of, key.size(), std::forward<Arguments>(arguments)...);
        if (!key.empty()) {
          std::memcpy(static_cast<char*>(memory) + sizeof(Leaf), key.data(), key.size());
        }
        return made;
      } catch (...) {
        ::operator delete(memory);
        throw;
      }
    }
    static void free(Leaf* leaf) {
      leaf->~Leaf();
      ::operator delete(static_cast<void*>(leaf));
    }
    bool is(std::uint64_t wanted, std::string_view name) const {
      return hash == wanted && key() == name;
    }
    std::string_view key() const {
      return {reinterpret_cast<const char*>(this) + sizeof(Leaf), key_bytes};
    }
    const std::uint64_t hash;
    const std::size_t key_bytes;
    const T value;

   private:
    template <class... Arguments>
    Leaf(std::uint64_t of, std::size_t bytes, Arguments&&... arguments)
        : Node(Kind::leaf),
          hash(of),
          key_bytes(bytes),
          value(std::forward<Arguments>(arguments)...) {}
    ~Leaf() = default;
  };

  // Leaves of one hash.
  struct Twins : Node {
    Twins() : Node(Kind::twins) {}
    const T* find(std::uint64_t hash, std::string_view key) const {
      for (const Ref& one : leaves) {
        const Leaf* const leaf = static_cast<const Leaf*>(one.get());
        if (leaf->is(hash, key)) return &leaf->value;
      }
      return nullptr;
    }
    void take(std::string_view key) {
      std::erase_if(leaves, [&](const Ref& one) {
        return static_cast<const Leaf*>(one.get())->key() == key;
      });
    }
    std::vector<Ref> leaves;
  };

  static std::uint64_t hash_of(std::string_view key) { return Hash{}(key); }

  static std::uint64_t hash_at(const Node& node) {
    if (node.kind == Kind::leaf) return static_cast<const Leaf&>(node).hash;
    return static_cast<const Leaf&>(*static_cast<const Twins&>(node).leaves.front().get()).hash;
  }

  // A node that no other table has, in its place.
  static Branch& own_branch(Ref& at) {
    auto* branch = static_cast<Branch*>(at.get());
    if (at.is_sole()) return *branch;
    Branch* const copy = Branch::make(branch->taken);
    for (std::uint64_t i = 0; i <= kMask; ++i) {
      if (branch->has(i)) copy->child(i) = branch->child(i);
    }
    at = Ref(copy);
    return *copy;
  }
  static Twins& own_twins(Ref& at) {
    if (!at.is_sole()) at = Ref(new Twins(static_cast<const Twins&>(*at.get())));
    return static_cast<Twins&>(*at.get());
  }

  // True: there was none with its key.
  static bool put(Ref& at, std::uint64_t hash, unsigned shift, const Ref& leaf) {
    if (!at) {
      at = leaf;
      return true;
    }
    if (at->kind == Kind::branch) {
      if (!static_cast<const Branch*>(at.get())->has(hash >> shift)) {
        at = Branch::with(static_cast<const Branch&>(*at.get()), hash >> shift, true);
      }
      return put(own_branch(at).child(hash >> shift), hash, shift + kBits, leaf);
    }
    const std::uint64_t other = hash_at(*at.get());
    if (other != hash) {
      // Where their hashes part one branch, or several, divides them.
      Branch* const branch = Branch::make(1U << ((other >> shift) & kMask));
      branch->child(other >> shift) = std::move(at);
      at = Ref(branch);
      return put(at, hash, shift, leaf);
    }
    const std::string_view key = static_cast<const Leaf*>(leaf.get())->key();
    if (at->kind == Kind::leaf) {
      if (static_cast<const Leaf*>(at.get())->key() == key) {
        at = leaf;
        return false;
      }
      const Ref twins(new Twins());
      static_cast<Twins*>(twins.get())->leaves.push_back(at);
      at = twins;
    }
    Twins& twins = own_twins(at);
    const std::size_t before = twins.leaves.size();
    twins.take(key);
    const bool is_new = twins.leaves.size() == before;
    twins.leaves.push_back(leaf);
    return is_new;
  }

  // The key is there.
  static void take(Ref& at, std::uint64_t hash, unsigned shift, std::string_view key) {
    if (at->kind == Kind::branch) {
      Branch& branch = own_branch(at);
      take(branch.child(hash >> shift), hash, shift + kBits, key);
      if (branch.child(hash >> shift)) return;
      at = branch.count() == 1 ? Ref() : Branch::with(branch, hash >> shift, false);
      return;
    }
    if (at->kind == Kind::leaf) {
      at = {};
      return;
    }
    Twins& twins = own_twins(at);
    twins.take(key);
    if (twins.leaves.empty()) at = {};
  }

  Ref root_;
  std::size_t size_ = 0;
};

}  // namespace base
