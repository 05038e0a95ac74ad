#include "proxy/http2/kept_fields.h"

#include <cstdint>

namespace proxy::http2 {

KeptFields::KeptFields(const std::vector<nghttp2_nv>& fields) : list_(fields) {
  std::size_t all = 0;
  for (const nghttp2_nv& field : fields) all += field.namelen + field.valuelen;
  text_.reserve(all);  // so that it never moves
  for (nghttp2_nv& field : list_) {
    const auto keep = [&](std::uint8_t*& bytes, std::size_t size) {
      const std::size_t begin = text_.size();
      text_.append(reinterpret_cast<const char*>(bytes), size);
      bytes = reinterpret_cast<std::uint8_t*>(text_.data() + begin);
    };
    keep(field.name, field.namelen);
    keep(field.value, field.valuelen);
  }
}

}  // namespace proxy::http2
