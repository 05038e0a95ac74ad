#include "proxy/http1/max_forwards.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <system_error>

namespace proxy::http1 {

bool may_be_forwarded(RequestHead& head, MaxForwardsText& storage) {
  if (head.method != Method::options && head.method != Method::trace) return true;
  bool is_first = true;
  for (Field& field : head.fields) {
    if (!equals_ignoring_case(field.name, "max-forwards")) continue;
    // Two could say two things, and only one of them would be updated.
    field.dropped = field.dropped || !is_first;
    is_first = false;
    const char* const end = field.value.data() + field.value.size();
    std::uint64_t left = 0;
    const auto [after, error] = std::from_chars(field.value.data(), end, left);
    if (after != end || error == std::errc::invalid_argument) continue;
    if (error == std::errc::result_out_of_range) left = std::numeric_limits<std::uint64_t>::max();
    if (left == 0) return false;
    if (field.dropped) continue;
    const char* const written =
        std::to_chars(storage.data(), storage.data() + storage.size(), left - 1).ptr;
    field.value = {storage.data(), static_cast<std::size_t>(written - storage.data())};
  }
  return true;
}

}  // namespace proxy::http1
