#pragma once

#include <cstdint>

namespace proxy::http1 {

// What the Connection fields of a message ask for.
struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool names_fields = false;  // other fields, which are for this hop only
  std::uint8_t count = 0;     // of all options
};

}  // namespace proxy::http1
