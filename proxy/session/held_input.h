#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <string_view>

#include "base/byte_queue.h"

namespace proxy::session {

// What a client sent before its turn: a part of a head, or the next requests. It is used a slice at
// a time, so that a long pipeline is not copied once for each of its requests. Its size is bounded
// by who fills it: one read, and a part of a head before it. Pure.
class HeldInput {
 public:
  static constexpr std::size_t kSliceBytes = 8u << 10;

  bool empty() const { return bytes_.empty(); }
  std::size_t size() const { return bytes_.size(); }
  std::string_view all() const { return bytes_.view(); }

  // Replaces it all by what lies elsewhere. `needs_more`: it was looked at, and is of no use
  // without what comes next.
  void assign(std::string_view bytes, bool needs_more) {
    clear();
    if (bytes.empty()) return;
    bytes_.append(bytes);
    slice_ = kSliceBytes;
    needs_more_ = needs_more;
  }
  // An empty one keeps no memory.
  void clear() {
    bytes_.release();
    needs_more_ = false;
  }

  // True while some of it was not looked at yet.
  bool is_new() const { return !empty() && !needs_more_; }
  std::string_view slice() const { return all().substr(0, slice_); }
  // After a look at slice(): so much of it was used. `needs_more`: the rest of it is a part of
  // something, so the next slice is longer, and when there is no more, is_new() is false.
  void use(std::size_t size, bool needs_more) {
    assert(size <= slice().size());
    const std::size_t looked_at = slice().size();
    bytes_.consume(size);
    if (empty()) {
      clear();
      return;
    }
    slice_ = needs_more ? 2 * looked_at : kSliceBytes;
    needs_more_ = needs_more && looked_at - size == this->size();
  }

 private:
  base::ByteQueue bytes_;
  std::size_t slice_ = kSliceBytes;
  bool needs_more_ = false;
};

}  // namespace proxy::session
