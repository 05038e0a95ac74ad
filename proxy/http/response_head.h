#pragma once

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/field.h"

namespace proxy::http {

// How a body ends (RFC 9112 §6.3).
enum class Framing : std::uint8_t {
  none,
  length,
  chunked,
  until_close,
  tunnel,  // after 101: bytes both ways until either side closes
};

// A response's head; views as in RequestHead.
struct ResponseHead {
  int status = 0;
  std::string_view reason;
  std::vector<Field> fields;
  // The values that came on several lines, put together; fields point here. Nearly always empty.
  std::forward_list<std::string> unfolded;

  std::uint8_t minor_version = 1;
  Framing framing = Framing::none;
  std::optional<std::uint64_t> content_length;  // may be there without a body (HEAD, 304)
  bool keep_alive = true;                       // the connection can be used again after the body

  bool is_interim() const { return status < 200 && status != 101; }
  const Field* find(FieldId id) const;
  void reset();
  void rebase(std::string_view from, const char* to);
  // As RequestHead has them.
  std::size_t views_bytes() const;
  void keep_in(std::string& storage);
};

}  // namespace proxy::http
