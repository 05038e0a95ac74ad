#include "proxy/http/max_forwards.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>

namespace proxy::http {

namespace {

bool is_for(const RequestHead& head) {
  return head.method == Method::options || head.method == Method::trace;
}

bool is_named_so(const Field& field) {
  return equals_ignoring_case(field.name, "max-forwards");
}

// Nothing: it is no number. One beyond 64 bits is the largest of them.
std::optional<std::uint64_t> number_in(std::string_view value) {
  const char* const end = value.data() + value.size();
  std::uint64_t number = 0;
  const auto [after, error] = std::from_chars(value.data(), end, number);
  if (after != end || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  return number;
}

}  // namespace

bool ends_here(const RequestHead& head) {
  return is_for(head) && std::any_of(head.fields.begin(), head.fields.end(), [](const Field& one) {
           return is_named_so(one) && number_in(one.value) == 0U;
         });
}

void count_down_forwards(RequestHead& head, MaxForwardsText& storage) {
  if (!is_for(head)) return;
  bool is_first = true;
  for (Field& field : head.fields) {
    if (!is_named_so(field)) continue;
    // Two could say two things, and only one of them would be updated.
    field.dropped = field.dropped || !is_first;
    is_first = false;
    const auto left = number_in(field.value);
    if (!left || *left == 0 || field.dropped) continue;
    const char* const written =
        std::to_chars(storage.data(), storage.data() + storage.size(), *left - 1).ptr;
    field.value = {storage.data(), static_cast<std::size_t>(written - storage.data())};
  }
}

}  // namespace proxy::http
