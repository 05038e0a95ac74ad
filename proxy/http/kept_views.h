#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/field.h"

// How a head's views are made to outlive what it was read from.
namespace proxy::http {

// Copies what the view points to to the end of `storage`, which has room for it and must not move
// any more, and points it there.
inline void keep_view(std::string_view& view, std::string& storage) {
  const std::size_t at = storage.size();
  storage.append(view);
  view = std::string_view(storage).substr(at);
}

// The same for all of these, and how much room that takes.
inline void keep_views(std::vector<Field>& fields, std::string& storage) {
  for (Field& field : fields) {
    keep_view(field.name, storage);
    keep_view(field.value, storage);
  }
}
inline std::size_t views_bytes(const std::vector<Field>& fields) {
  std::size_t bytes = 0;
  for (const Field& field : fields) bytes += field.name.size() + field.value.size();
  return bytes;
}

}  // namespace proxy::http
