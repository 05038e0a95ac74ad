#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/admin/held_text.h"
#include "proxy/upstream/retry.h"

namespace proxy::upstream {

// What was taken from a client and may have to be sent, or sent again: the head and what there is
// of the body, as the message has them and not as they went out. While nothing was sent it is all
// kept; after that while it is little. Pure.
class KeptMessage {
 public:
  explicit KeptMessage(admin::Counter& gauge) : text_(gauge) {}

  // All that was taken is here.
  bool is_whole() const { return is_whole_; }
  std::string_view head() const { return text_.view().substr(0, head_bytes_); }
  std::string_view body() const { return text_.view().substr(head_bytes_); }
  std::size_t size() const { return text_.size(); }
  std::size_t capacity() const { return text_.capacity(); }

  // A message, whatever its size.
  void keep(std::string_view head, std::string_view body) {
    text_.assign(head);
    if (!body.empty()) text_.append(body);
    head_bytes_ = head.size();
    is_whole_ = true;
  }
  // The same if it is little; else nothing.
  void keep_if_little(std::string_view head, std::string_view body) {
    if (head.size() + body.size() <= kReplayBytesMax) {
      keep(head, body);
    } else {
      drop();
    }
  }
  // More of the body of one that is whole.
  void add(std::string_view body) {
    if (is_whole_) text_.append(body);
  }
  void add_if_little(std::string_view body) {
    if (!is_whole_) return;
    if (text_.size() + body.size() <= kReplayBytesMax) {
      text_.append(body);
    } else {
      drop();
    }
  }
  // Now that it was sent.
  void drop_unless_little() {
    if (text_.size() > kReplayBytesMax) drop();
  }
  // Another end of the head, in place of as many bytes of it.
  void replace_end_of_head(std::size_t bytes, std::string_view end) {
    text_.replace(head_bytes_ - bytes, bytes, end);
    head_bytes_ += end.size() - bytes;
  }
  void drop() {
    text_.take();
    forget();
  }
  // Keeps its memory for the next message, unless that is more than `kept`.
  void clear(std::size_t kept) {
    text_.clear(kept);
    forget();
  }
  // The text, with its memory, as it lies here: the body begins behind head().
  std::string take() {
    forget();
    return text_.take();
  }

 private:
  void forget() {
    head_bytes_ = 0;
    is_whole_ = false;
  }

  admin::HeldText text_;
  std::size_t head_bytes_ = 0;
  bool is_whole_ = false;
};

}  // namespace proxy::upstream
