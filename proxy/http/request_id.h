#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "proxy/http/request_head.h"

namespace proxy::http {

// Makes ids of 32 hexadecimal digits. Unique, not secret: a fast generator seeded once from the
// system's. One per worker; not safe for several threads.
class RequestIds {
 public:
  RequestIds();
  explicit RequestIds(std::array<std::uint64_t, 4> seed) : state_(seed) {}

  using Text = std::array<char, 32>;
  void next(Text& out);
  // A number that nobody can foresee, each as likely as the others.
  std::uint64_t draw();

 private:
  std::array<std::uint64_t, 4> state_;
};

// The client's X-Request-ID when it is one field of 1 to 128 visible ASCII characters, else a new
// one, kept in `storage`.
std::string_view choose_request_id(const RequestHead& head, RequestIds& ids,
                                   RequestIds::Text& storage);

}  // namespace proxy::http
