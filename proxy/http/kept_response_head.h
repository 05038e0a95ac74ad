#pragma once

#include <cstddef>
#include <string>

#include "proxy/http/response_head.h"

namespace proxy::http {

// A copy of a response's head that lives by itself: its views are into a text of its own, wherever
// those of the original pointed to. Immutable, so any number of threads may look at it.
class KeptResponseHead {
 public:
  explicit KeptResponseHead(const ResponseHead& original);
  KeptResponseHead(const KeptResponseHead&) = delete;
  KeptResponseHead& operator=(const KeptResponseHead&) = delete;

  const ResponseHead& get() const { return head_; }
  std::size_t bytes() const { return text_.capacity() + head_.fields.capacity() * sizeof(Field); }

 private:
  std::string text_;
  ResponseHead head_;
};

}  // namespace proxy::http
