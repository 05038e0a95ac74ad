#pragma once

#include <cassert>
#include <cstddef>
#include <string>
#include <string_view>

namespace base {

// Bytes that wait to go out, in order. What was taken from the front is given back while the rest
// still waits: a queue that never runs empty holds a small multiple of what waits, however much has
// passed. An empty one holds next to nothing. Appending and taking cost a constant per byte, over
// all. Pure; one owner.
class ByteQueue {
 public:
  // What an empty queue may keep, so that small messages find their memory again.
  static constexpr std::size_t kKeptBytes = 4u << 10;

  bool empty() const { return size() == 0; }
  std::size_t size() const { return bytes_.size() - begin_; }
  // What waits. Valid until the queue changes.
  std::string_view view() const { return std::string_view(bytes_).substr(begin_); }

  void append(std::string_view bytes) {
    // Growing copies what waits anyway, so the front goes first, unless that is so little that the
    // next append would have to grow again.
    const bool grows = bytes_.size() + bytes.size() > bytes_.capacity();
    if (grows && begin_ > size() / 2) drop_front();
    bytes_.append(bytes);
  }

  // The first so many were taken.
  void consume(std::size_t count) {
    assert(count <= size());
    begin_ += count;
    if (empty()) {
      clear();
    } else if (begin_ >= kKeptBytes && holds_far_more()) {
      // Moves little of what passes. If the front went as soon as it is the larger part, all that
      // is taken in steps would be moved about once: at each half of it.
      drop_front();
    }
  }

  void clear() {
    begin_ = 0;
    if (bytes_.capacity() > kKeptBytes) {
      std::string().swap(bytes_);
    } else {
      bytes_.clear();
    }
  }

  // Drops what waits, and keeps no memory at all.
  void release() {
    std::string().swap(bytes_);
    begin_ = 0;
  }

  // The memory that it holds.
  std::size_t capacity() const { return bytes_.capacity(); }

 private:
  // Than what waits: some of it is worth giving back.
  bool holds_far_more() const { return bytes_.capacity() > 4 * size() + kKeptBytes; }

  void drop_front() {
    if (holds_far_more()) {
      std::string(view()).swap(bytes_);
    } else {
      bytes_.erase(0, begin_);
    }
    begin_ = 0;
  }

  std::string bytes_;
  std::size_t begin_ = 0;  // what is before was taken
};

}  // namespace base
