#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/text_growth.h"
#include "proxy/admin/held_bytes.h"

namespace proxy::admin {

// A text that lives longer than a turn, and whose memory is in the worker's account of what is held
// for what: whoever changes it cannot forget to tell.
class HeldText {
 public:
  explicit HeldText(Counter& gauge) : held_(gauge) {}

  bool empty() const { return text_.empty(); }
  std::size_t size() const { return text_.size(); }
  std::size_t capacity() const { return text_.capacity(); }
  std::string_view view() const { return text_; }

  void append(std::string_view bytes) {
    const std::size_t size = text_.size() + bytes.size();
    if (size > text_.capacity() && size > kLargeBytes) base::grow_to(text_, size + size / 4);
    text_.append(bytes);
    tell();
  }
  void assign(std::string_view bytes) {
    text_.assign(bytes);
    tell();
  }
  // The text itself, with its memory: what take() of another account gave is not copied.
  void take_over(std::string text) {
    text_ = std::move(text);
    tell();
  }
  void replace(std::size_t at, std::size_t size, std::string_view bytes) {
    text_.replace(at, size, bytes);
    tell();
  }
  // The text itself; its memory goes with it.
  std::string take() {
    std::string text = std::exchange(text_, {});
    tell();
    return text;
  }
  // Keeps its memory for the next text, unless that is more than `kept`.
  void clear(std::size_t kept) {
    if (text_.capacity() > kept) {
      take();
    } else {
      text_.clear();
      tell();
    }
  }

 private:
  // Above this a text does not double its memory when it grows: what is not used is dear then.
  static constexpr std::size_t kLargeBytes = 1u << 20;

  // An empty one keeps memory only for its owner's next use, and its owner tells of that.
  void tell() { held_.set(text_.empty() ? 0 : text_.capacity()); }

  std::string text_;
  HeldBytes held_;
};

}  // namespace proxy::admin
