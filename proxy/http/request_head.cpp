#include "proxy/http/request_head.h"

#include <cassert>
#include <utility>

#include "proxy/http/kept_views.h"
#include "proxy/http/rebased.h"

namespace proxy::http {

const Field* RequestHead::find(FieldId id) const {
  for (const Field& field : fields) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

void RequestHead::reset() {
  std::vector<Field> storage = std::move(fields);
  storage.clear();
  *this = RequestHead();
  fields = std::move(storage);
}

void RequestHead::rebase(std::string_view from, const char* to) {
  method_text = rebased(method_text, from, to);
  path = rebased(path, from, to);
  query = rebased(query, from, to);
  host = rebased(host, from, to);
  upgrade = rebased(upgrade, from, to);
  for (Field& field : fields) {
    field.name = rebased(field.name, from, to);
    field.value = rebased(field.value, from, to);
  }
}

std::size_t RequestHead::views_bytes() const {
  return method_text.size() + path.size() + query.size() + host.size() + upgrade.size() +
         http::views_bytes(fields);
}

void RequestHead::keep_in(std::string& storage) {
  assert(storage.capacity() - storage.size() >= views_bytes());
  for (std::string_view* const view : {&method_text, &path, &query, &host, &upgrade}) {
    keep_view(*view, storage);
  }
  keep_views(fields, storage);
}

}  // namespace proxy::http
