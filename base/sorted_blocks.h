#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace base {

// A set of small values in order, a pointer and a number, say, by the ten thousand. They stand side
// by side in blocks, so that next to nothing but them takes room: a node of a std::set takes four
// times as much as they. To put one in, or to take one out, costs the way to it, as there, and to
// move half a block.
//
// Less is a strict order of the values, and tells them from keys that are looked for, as a
// transparent one of a std::set does. A pointer to a value holds until the next change. Threads: as
// std::set.
template <class Value, class Less>
class SortedBlocks {
 public:
  std::size_t size() const { return size_; }
  // For how many values there is room, to be looked at in tests.
  std::size_t room() const {
    std::size_t all = 0;
    for (const Block& block : blocks_) all += block.capacity();
    return all;
  }

  // nullptr: there is none.
  const Value* first() const { return blocks_.empty() ? nullptr : &blocks_.front().front(); }
  template <class Key>
  const Value* find(const Key& key) const {
    const std::size_t i = block_of(key);
    if (i == blocks_.size()) return nullptr;
    const Value& found = blocks_[i][place_in(blocks_[i], key)];
    return Less()(key, found) ? nullptr : &found;
  }

  // In order.
  template <class Visit>
  void each(const Visit& visit) const {
    for (const Block& block : blocks_) {
      for (const Value& value : block) visit(value);
    }
  }

  // Those that are neither before the key nor behind it, in order, for as long as visit() returns
  // true.
  template <class Key, class Visit>
  void each_of(const Key& key, const Visit& visit) const {
    std::size_t i = block_of(key);
    if (i == blocks_.size()) return;
    std::size_t place = place_in(blocks_[i], key);
    for (; i < blocks_.size(); ++i, place = 0) {
      for (; place < blocks_[i].size(); ++place) {
        const Value& value = blocks_[i][place];
        if (Less()(key, value) || !visit(value)) return;
      }
    }
  }

  // False: there is one like it, which stays.
  bool insert(Value value) {
    if (blocks_.empty()) blocks_.emplace_back();
    std::size_t i = block_to_insert(value);
    if (blocks_[i].size() == kMost) {
      split(i);
      i = block_to_insert(value);
    }
    Block& block = blocks_[i];
    const std::size_t place = place_in(block, value);
    if (place < block.size() && !Less()(value, block[place])) return false;
    if (block.size() == block.capacity()) {
      block.reserve(std::min(kMost, block.size() + block.size() / 8 + 4));
    }
    block.insert(at(block, place), std::move(value));
    ++size_;
    return true;
  }

  // False: there was none.
  template <class Key>
  bool erase(const Key& key) {
    const std::size_t i = block_of(key);
    if (i == blocks_.size()) return false;
    Block& block = blocks_[i];
    const std::size_t place = place_in(block, key);
    if (Less()(key, block[place])) return false;
    block.erase(at(block, place));
    --size_;
    if (block.empty()) {
      blocks_.erase(at(blocks_, i));
      return true;
    }
    if (block.size() < block.capacity() / 4) block.shrink_to_fit();
    join_with_next(i);
    if (i > 0) join_with_next(i - 1);
    return true;
  }

 private:
  using Block = std::vector<Value>;  // never empty, but in insert()

  // More would be moved for each change; fewer would have more room beside them.
  static constexpr std::size_t kMost = 128;

  template <class T>
  static auto at(std::vector<T>& list, std::size_t place) {
    return list.begin() + static_cast<std::ptrdiff_t>(place);
  }

  // The first block whose last value is not before the key; their number: there is none.
  template <class Key>
  std::size_t block_of(const Key& key) const {
    const auto block =
        std::partition_point(blocks_.begin(), blocks_.end(),
                             [&key](const Block& one) { return Less()(one.back(), key); });
    return static_cast<std::size_t>(block - blocks_.begin());
  }
  // Where the first value stands that is not before the key.
  template <class Key>
  static std::size_t place_in(const Block& block, const Key& key) {
    const auto place = std::partition_point(block.begin(), block.end(),
                                            [&key](const Value& one) { return Less()(one, key); });
    return static_cast<std::size_t>(place - block.begin());
  }
  // What comes behind all goes into the last one.
  std::size_t block_to_insert(const Value& value) const {
    if (blocks_.front().empty()) return 0;
    return std::min(block_of(value), blocks_.size() - 1);
  }

  void split(std::size_t i) {
    Block& lower = blocks_[i];
    const auto half = at(lower, kMost / 2);
    Block upper(std::make_move_iterator(half), std::make_move_iterator(lower.end()));
    lower.erase(half, lower.end());
    lower.shrink_to_fit();
    blocks_.insert(at(blocks_, i + 1), std::move(upper));
  }

  // So that a few values, which are left of many, do not stay in as many blocks.
  void join_with_next(std::size_t i) {
    if (i + 1 >= blocks_.size()) return;
    Block& next = blocks_[i + 1];
    if (blocks_[i].size() + next.size() > kMost / 2) return;
    std::move(next.begin(), next.end(), std::back_inserter(blocks_[i]));
    blocks_.erase(at(blocks_, i + 1));
  }

  std::vector<Block> blocks_;
  std::size_t size_ = 0;
};

}  // namespace base
