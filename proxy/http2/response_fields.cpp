#include "proxy/http2/response_fields.h"

#include <charconv>

#include "proxy/http/lower_case.h"

namespace proxy::http2 {
namespace {

using http::FieldId;

bool is_passed(const http::Field& field) {
  // Content-Length is written from what the parser made of it.
  if (field.dropped || field.id == FieldId::content_length) return false;
  return !http::is_hop_by_hop(field.id) || field.id == FieldId::trailer;  // which always pass
}

}  // namespace

void ResponseFields::add(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  };
  fields_.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
}

void ResponseFields::begin(const std::vector<http::Field>& fields) {
  fields_.clear();
  names_.clear();
  std::size_t name_bytes = 0;
  for (const http::Field& field : fields) name_bytes += field.name.size();
  names_.reserve(name_bytes);  // so that it never moves while fields point into it
}

void ResponseFields::add_in_lower_case(const http::Field& field) {
  const std::size_t begin = names_.size();
  names_.append(field.name);
  char* const name = names_.data() + begin;
  http::write_lower(field.name, name);
  add({name, field.name.size()}, field.value);
}

const std::vector<nghttp2_nv>& ResponseFields::of(const std::vector<http::Field>& trailer) {
  begin(trailer);
  for (const http::Field& field : trailer) {
    if (is_passed(field)) add_in_lower_case(field);
  }
  return fields_;
}

const std::vector<nghttp2_nv>& ResponseFields::of(const http::ResponseHead& head,
                                                  std::string_view date) {
  begin(head.fields);
  std::to_chars(status_.data(), status_.data() + status_.size(), head.status);
  add(":status", {status_.data(), status_.size()});
  bool has_date = false;
  for (const http::Field& field : head.fields) {
    if (!is_passed(field)) continue;
    has_date = has_date || field.id == FieldId::date;
    add_in_lower_case(field);
  }
  if (head.content_length) {
    const char* const end =
        std::to_chars(length_.data(), length_.data() + length_.size(), *head.content_length).ptr;
    add("content-length", {length_.data(), static_cast<std::size_t>(end - length_.data())});
  }
  if (!has_date && head.status >= 200) add("date", date);
  return fields_;
}

}  // namespace proxy::http2
