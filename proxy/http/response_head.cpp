#include "proxy/http/response_head.h"

#include <cassert>
#include <utility>

#include "proxy/http/kept_views.h"
#include "proxy/http/rebased.h"

namespace proxy::http {
namespace {

// A head is used again for many responses; one with more fields than nearly any has gives back what
// it took.
constexpr std::size_t kKeptFields = 128;

}  // namespace

const Field* ResponseHead::find(FieldId id) const {
  for (const Field& field : fields) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

void ResponseHead::reset() {
  std::vector<Field> storage = std::move(fields);
  storage.clear();
  if (storage.capacity() > kKeptFields) storage.shrink_to_fit();
  *this = ResponseHead();
  fields = std::move(storage);
}

void ResponseHead::rebase(std::string_view from, const char* to) {
  reason = rebased(reason, from, to);
  for (Field& field : fields) {
    field.name = rebased(field.name, from, to);
    field.value = rebased(field.value, from, to);
  }
}

std::size_t ResponseHead::views_bytes() const {
  return reason.size() + http::views_bytes(fields);
}

void ResponseHead::keep_in(std::string& storage) {
  assert(storage.capacity() - storage.size() >= views_bytes());
  keep_view(reason, storage);
  keep_views(fields, storage);
  unfolded.clear();
}

}  // namespace proxy::http
