#include "proxy/http/kept_response_head.h"

#include <string_view>

namespace proxy::http {

KeptResponseHead::KeptResponseHead(const ResponseHead& original) : head_(original) {
  head_.unfolded.clear();
  std::size_t size = original.reason.size();
  for (const Field& field : original.fields) size += field.name.size() + field.value.size();
  // It must not move any more.
  text_.reserve(size);
  const auto keep = [this](std::string_view& view) {
    const std::size_t at = text_.size();
    text_.append(view);
    view = std::string_view(text_).substr(at);
  };
  keep(head_.reason);
  for (Field& field : head_.fields) {
    keep(field.name);
    keep(field.value);
  }
}

}  // namespace proxy::http
