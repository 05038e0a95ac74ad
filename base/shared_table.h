#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

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
        node = static_cast<const Branch*>(node)->children[(hash >> shift) & kMask].get();
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

  // Counts the references to a node. Only the sole owner of one may change it.
  class Ref {
   public:
    Ref() = default;
    explicit Ref(Node* node) : node_(node) { hold(); }
    Ref(const Ref& other) : node_(other.node_) { hold(); }
    Ref(Ref&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    Ref& operator=(Ref other) noexcept {
      std::swap(node_, other.node_);
      return *this;
    }
    ~Ref() {
      if (node_ == nullptr || node_->references.fetch_sub(1, std::memory_order_acq_rel) != 1) {
        return;
      }
      switch (node_->kind) {
        case Kind::branch:
          delete static_cast<Branch*>(node_);
          break;
        case Kind::leaf:
          Leaf::free(static_cast<Leaf*>(node_));
          break;
        case Kind::twins:
          delete static_cast<Twins*>(node_);
          break;
      }
    }
    Node* get() const { return node_; }
    Node* operator->() const { return node_; }
    explicit operator bool() const { return node_ != nullptr; }
    bool is_sole() const { return node_->references.load(std::memory_order_acquire) == 1; }

   private:
    void hold() {
      if (node_ != nullptr) node_->references.fetch_add(1, std::memory_order_relaxed);
    }
    Node* node_ = nullptr;
  };

  struct Branch : Node {
    Branch() : Node(Kind::branch) {}
    bool is_empty() const {
      for (const Ref& child : children) {
        if (child) return false;
      }
      return true;
    }
    std::array<Ref, kMask + 1> children;
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
  template <class N>
  static N& own(Ref& at) {
    if (!at.is_sole()) at = Ref(new N(static_cast<const N&>(*at.get())));
    return static_cast<N&>(*at.get());
  }

  // True: there was none with its key.
  static bool put(Ref& at, std::uint64_t hash, unsigned shift, const Ref& leaf) {
    if (!at) {
      at = leaf;
      return true;
    }
    if (at->kind == Kind::branch) {
      return put(own<Branch>(at).children[(hash >> shift) & kMask], hash, shift + kBits, leaf);
    }
    const std::uint64_t other = hash_at(*at.get());
    if (other != hash) {
      // Where their hashes part one branch, or several, divides them.
      const Ref branch(new Branch());
      static_cast<Branch*>(branch.get())->children[(other >> shift) & kMask] = at;
      at = branch;
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
    Twins& twins = own<Twins>(at);
    const std::size_t before = twins.leaves.size();
    twins.take(key);
    const bool is_new = twins.leaves.size() == before;
    twins.leaves.push_back(leaf);
    return is_new;
  }

  // The key is there.
  static void take(Ref& at, std::uint64_t hash, unsigned shift, std::string_view key) {
    if (at->kind == Kind::branch) {
      Branch& branch = own<Branch>(at);
      take(branch.children[(hash >> shift) & kMask], hash, shift + kBits, key);
      if (branch.is_empty()) at = {};
      return;
    }
    if (at->kind == Kind::leaf) {
      at = {};
      return;
    }
    Twins& twins = own<Twins>(at);
    twins.take(key);
    if (twins.leaves.empty()) at = {};
  }

  Ref root_;
  std::size_t size_ = 0;
};

}  // namespace base
