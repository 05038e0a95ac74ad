#pragma once

#include <cstddef>
#include <string>

#include "proxy/http/field.h"

namespace proxy::http {

// A copy of a head, a request's or a response's, that lives by itself: its views are into a text of
// its own, wherever those of the original pointed to. Immutable, so any number of threads may look
// at it.
template <class Head>
class KeptHead {
 public:
  explicit KeptHead(const Head& original) : head_(original) {
    text_.reserve(head_.views_bytes());
    head_.keep_in(text_);
  }
  KeptHead(const KeptHead&) = delete;
  KeptHead& operator=(const KeptHead&) = delete;

  const Head& get() const { return head_; }
  std::size_t bytes() const { return text_.capacity() + head_.fields.capacity() * sizeof(Field); }

 private:
  std::string text_;
  Head head_;
};

}  // namespace proxy::http
