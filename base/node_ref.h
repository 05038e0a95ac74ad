#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace base {

// A reference to a node of a tree whose versions share what they have in common. It counts itself
// in the node's `std::atomic<std::uint32_t> references`; the last one that goes has the node freed.
// Only the sole owner of a node may change it. Copies may be on any thread, one reference is one
// thread's at a time.
template <class Node, void (*free_node)(Node*)>
class NodeRef {
 public:
  NodeRef() = default;
  explicit NodeRef(Node* node) : node_(node) { hold(); }
  NodeRef(const NodeRef& other) : node_(other.node_) { hold(); }
  NodeRef(NodeRef&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  NodeRef& operator=(NodeRef other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~NodeRef() {
    const bool is_last =
        node_ != nullptr && node_->references.fetch_sub(1, std::memory_order_acq_rel) == 1;
    if (is_last) free_node(node_);
  }

  Node* get() const { return node_; }
  Node* operator->() const { return node_; }
  Node& operator*() const { return *node_; }
  explicit operator bool() const { return node_ != nullptr; }
  bool is_sole() const { return node_->references.load(std::memory_order_acquire) == 1; }

 private:
  void hold() {
    if (node_ != nullptr) node_->references.fetch_add(1, std::memory_order_relaxed);
  }

  Node* node_ = nullptr;
};

}  // namespace base
