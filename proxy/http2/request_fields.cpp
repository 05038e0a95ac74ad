#include "proxy/http2/request_fields.h"

#include "proxy/http/field.h"

namespace proxy::http2 {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kColon = ": ";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Up to the next `end`, which is taken away with it.
std::string_view take_until(std::string_view& text, std::string_view end) {
  const std::size_t at = text.find(end);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + end.size());
  return taken;
}

}  // namespace

void RequestFields::add(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  };
  fields_.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
}

void RequestFields::add_line(std::string_view line, bool is_of_trailer) {
  std::string_view value = line;
  const std::string_view written = take_until(value, kColon);
  char* const begin = text_.data() + (written.data() - text_.data());
  for (std::size_t i = 0; i < written.size(); ++i) begin[i] = lower(begin[i]);
  const http::FieldId id = http::field_id(written);
  if (id == http::FieldId::host) {
    // Pseudo-header fields come first, and the writer has Host before all others.
    if (!value.empty() && !is_of_trailer) add(":authority", value);
  } else if (!http::is_hop_by_hop(id) || id == http::FieldId::trailer) {
    add(written, value);  // a trailer is announced in a head that the writer let pass
  }
}

const std::vector<nghttp2_nv>& RequestFields::of_trailer(std::string_view lines) {
  fields_.clear();
  text_.assign(lines);
  std::string_view rest = text_;
  while (!rest.empty()) add_line(take_until(rest, kLineEnd), true);
  return fields_;
}

const std::vector<nghttp2_nv>& RequestFields::of(std::string_view head, std::string_view scheme) {
  fields_.clear();
  text_.assign(head);
  std::string_view rest = text_;
  std::string_view request_line = take_until(rest, kLineEnd);
  add(":method", take_until(request_line, " "));
  add(":scheme", scheme);
  add(":path", take_until(request_line, " "));
  for (std::string_view line; !(line = take_until(rest, kLineEnd)).empty();) add_line(line, false);
  // That trailers are understood, which the endpoint of a gRPC call wants to hear.
  add("te", "trailers");
  return fields_;
}

}  // namespace proxy::http2
