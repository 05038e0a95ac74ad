#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <nghttp2/nghttp2.h>

namespace proxy::http2 {

// Fields that are to be sent later: a trailer, while its body goes out.
class KeptFields {
 public:
  explicit KeptFields(const std::vector<nghttp2_nv>& fields);
  const std::vector<nghttp2_nv>& list() const { return list_; }
  std::size_t bytes() const { return text_.size(); }

 private:
  std::string text_;
  std::vector<nghttp2_nv> list_;
};

}  // namespace proxy::http2
