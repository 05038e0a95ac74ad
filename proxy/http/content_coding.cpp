#include "proxy/http/content_coding.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace proxy::http {
namespace {

ContentCoding coding_named(std::string_view name) {
  // "x-gzip" is the same (§8.4.1.3).
  if (equals_ignoring_case(name, "gzip") || equals_ignoring_case(name, "x-gzip")) {
    return ContentCoding::gzip;
  }
  return equals_ignoring_case(name, "deflate") ? ContentCoding::deflate : ContentCoding::other;
}

}  // namespace

ContentCoding content_coding_of(const std::vector<Field>& fields) {
  ContentCoding coding = ContentCoding::identity;
  for (const Field& field : fields) {
    if (!equals_ignoring_case(field.name, "content-encoding")) continue;
    for (std::string_view list = field.value; !list.empty();) {
      const std::size_t comma = std::min(list.find(','), list.size());
      const std::string_view name = trimmed(list.substr(0, comma));
      list.remove_prefix(std::min(list.size(), comma + 1));
      if (name.empty() || equals_ignoring_case(name, "identity")) continue;
      coding = coding == ContentCoding::identity ? coding_named(name) : ContentCoding::other;
    }
  }
  return coding;
}

}  // namespace proxy::http
